# One static binary on an empty image. The build command is the Makefile's; a
# test in cmd/api compares the two.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o bin/cloze-api ./cmd/api

FROM scratch
COPY --from=build /src/bin/cloze-api /cloze-api
# Nobody: the server writes no file and needs no right.
USER 65532:65532
ENV CLOZE_LISTEN=0.0.0.0:8080
EXPOSE 8080
# The image has no shell and no curl, so the binary asks itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/cloze-api", "healthcheck"]
ENTRYPOINT ["/cloze-api"]
