# make check is what CI runs, and nothing else.

GO   ?= go
TOOL  = $(GO) tool -modfile=tools/go.mod

# The Dockerfile uses the same command; a test compares the two.
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-s -w"

.PHONY: check build tidy-check format-check vet lint test race purego cross arm64 generate-check web vulnerabilities format generate

check: build tidy-check format-check vet lint test race purego cross arm64 generate-check web

build:
	$(BUILD) -o bin/cloze-api ./cmd/api
	$(BUILD) -o bin/bert ./cmd/bert

# go.mod lists what is imported, and marks what others import.
tidy-check:
	$(GO) mod tidy -diff

format-check:
	@unformatted=$$($(TOOL) gofumpt -l .); test -z "$$unformatted" || { echo "make format would change:"; echo "$$unformatted"; exit 1; }

vet:
	$(GO) vet ./...

lint:
	$(TOOL) golangci-lint run ./...

test:
	$(GO) test ./...

# The packages where goroutines meet.
race:
	$(GO) test -race -short ./internal/kernels/ ./internal/tokenizer/ ./internal/bert/ ./internal/engine/ ./internal/tasks/ ./internal/evaluation/ ./internal/httpapi/ ./cmd/api/
	$(GO) test -race -short -run "Vocab|Predict|Lines" ./cmd/bert/

# Every way to compute that this processor can be made to take.
purego:
	$(GO) test -tags purego ./internal/kernels/ ./internal/bert/
	GODEBUG=cpu.avx512f=off $(GO) test ./internal/kernels/ ./internal/bert/
	GODEBUG=cpu.avx512f=off,cpu.avx2=off $(GO) test ./internal/kernels/ ./internal/bert/

cross:
	GOOS=darwin GOARCH=arm64 $(GO) vet ./...
	GOOS=windows GOARCH=amd64 $(GO) vet ./...
	GOOS=linux GOARCH=arm64 $(GO) vet ./...

# The assembly for arm64 on an emulated processor: one that has everything and
# one without the dot product. What takes minutes there is left out.
arm64:
	@if ! command -v qemu-aarch64 >/dev/null; then \
		echo "SKIPPED: the tests on arm64, because there is no qemu-aarch64 (Debian: qemu-user)"; \
	else \
		set -ex; \
		GOARCH=arm64 $(GO) test -short -exec "qemu-aarch64 -cpu max" ./internal/kernels/; \
		GOARCH=arm64 $(GO) test -short -exec "qemu-aarch64 -cpu cortex-a53" -run "Int8|Mul|Peak|PastTheEnd" ./internal/kernels/; \
		GOARCH=arm64 $(GO) test -short -exec "qemu-aarch64 -cpu max" -skip "Embedded|Truncated|CentralDifferences" ./internal/bert/; \
	fi

# Generated files are committed; regenerating them must change nothing.
generate-check: generate
	@git diff --exit-code -- internal/kernels openapi || { echo "generated files are out of date: commit what make generate wrote"; exit 1; }

# Types, unit tests, and every task in a real browser. Needs node and Chromium.
web: build
	cd web/tests && npm ci --no-audit --no-fund && npm run check

generate:
	$(GO) generate ./internal/kernels ./openapi

format:
	$(TOOL) gofumpt -w .

# Needs the vulnerability database, hence the network; not part of check.
vulnerabilities:
	$(TOOL) govulncheck ./...
