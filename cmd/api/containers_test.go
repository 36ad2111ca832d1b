package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

// TestCompose reads docker-compose.yml as docker compose does, and holds what
// it says to the program's flags and to the Dockerfile.
func TestCompose(t *testing.T) {
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  "../..",
		ConfigFiles: []types.ConfigFile{{Filename: "../../docker-compose.yml"}},
		Environment: types.Mapping{},
	})
	if err != nil {
		t.Fatal(err)
	}
	service, err := project.GetService("api")
	if err != nil {
		t.Fatal(err)
	}

	// Every variable is a flag's, and the program starts with them.
	env := map[string]string{}
	flags := flagNames(t)
	for name, value := range service.Environment {
		if value == nil {
			t.Errorf("variable %s has no value", name)
			continue
		}
		env[name] = *value
		known := name == "GOMEMLIMIT" || slices.ContainsFunc(flags, func(flag string) bool { return envName(flag) == name })
		if !known {
			t.Errorf("variable %s is no flag's", name)
		}
	}
	if len(service.Entrypoint) > 0 {
		t.Errorf("entrypoint %v replaces the Dockerfile's", service.Entrypoint)
	}
	o, command, err := parseOptions(service.Command, func(name string) string { return env[name] }, new(bytes.Buffer))
	if err != nil || command != "serve" {
		t.Fatalf("the program does not start with this environment: command %q, error %v", command, err)
	}

	// The published port is the one listened on, from outside the container.
	host, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		t.Fatal(err)
	}
	if !net.ParseIP(host).IsUnspecified() {
		t.Errorf("listens on %s, which nobody outside the container reaches", host)
	}
	if len(service.Ports) != 1 || strconv.Itoa(int(service.Ports[0].Target)) != port || service.Ports[0].HostIP != "127.0.0.1" {
		t.Errorf("ports %+v, listens on %s", service.Ports, port)
	}
	if !strings.Contains(dockerfile(t), "\nEXPOSE "+port+"\n") {
		t.Errorf("the Dockerfile does not expose %s", port)
	}

	// Limits.
	limits := service.Deploy.Resources.Limits
	if limits == nil || limits.NanoCPUs <= 0 || limits.MemoryBytes < 512<<20 || limits.Pids <= 0 {
		t.Errorf("limits %+v", limits)
	}
	if memory, err := parseMiB(env["GOMEMLIMIT"]); err != nil || memory >= int64(limits.MemoryBytes) {
		t.Errorf("GOMEMLIMIT %s is not below the limit of %d bytes (%v)", env["GOMEMLIMIT"], limits.MemoryBytes, err)
	}
	if !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) || !slices.Contains(service.SecurityOpt, "no-new-privileges:true") || service.Privileged {
		t.Error("the container may do more than it needs")
	}
	if user := service.User; user == "" || strings.HasPrefix(user, "0") || user != dockerfileUser(t) {
		t.Errorf("user %q, the Dockerfile's is %q", user, dockerfileUser(t))
	}

	// The health check is the binary's, and stopping leaves time to drain.
	if diff := cmp.Diff(types.HealthCheckTest{"CMD", "/cloze-api", "healthcheck"}, service.HealthCheck.Test); diff != "" {
		t.Errorf("health check:\n%s", diff)
	}
	if service.StopGracePeriod == nil || time.Duration(*service.StopGracePeriod) <= o.ShutdownTimeout {
		t.Errorf("stop_grace_period %v is not longer than the shutdown timeout %v", service.StopGracePeriod, o.ShutdownTimeout)
	}
}

// parseMiB reads Go's form of a memory limit.
func parseMiB(limit string) (bytes int64, err error) {
	n, err := strconv.ParseInt(strings.TrimSuffix(limit, "MiB"), 10, 64)
	return n << 20, err
}

func dockerfile(t testing.TB) string { return readFile(t, "../../Dockerfile") }

func readFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var (
	userLine  = regexp.MustCompile(`(?m)^USER (\S+)$`)
	buildLine = regexp.MustCompile(`(?m)^RUN (CGO_ENABLED=0 .*)$`)
)

func dockerfileUser(t testing.TB) string {
	t.Helper()
	match := userLine.FindStringSubmatch(dockerfile(t))
	if match == nil {
		t.Fatal("the Dockerfile has no USER")
	}
	return match[1]
}

// TestDockerfile: the image holds what make build makes, and nothing else.
func TestDockerfile(t *testing.T) {
	file := dockerfile(t)
	build := buildLine.FindStringSubmatch(file)
	if build == nil {
		t.Fatal("the Dockerfile has no build command")
	}
	if want := makeBuildCommand(t); build[1] != want {
		t.Errorf("the Dockerfile builds with\n%s\nmake build with\n%s", build[1], want)
	}
	binary := build[1][strings.Index(build[1], "-o ")+len("-o "):]
	binary, _, _ = strings.Cut(binary, " ")
	for _, line := range []string{
		"FROM scratch",
		"COPY --from=build /src/" + binary + " /cloze-api",
		`ENTRYPOINT ["/cloze-api"]`,
		"ENV CLOZE_LISTEN=0.0.0.0:8080",
	} {
		if !strings.Contains(file, "\n"+line+"\n") {
			t.Errorf("the Dockerfile has no line %s", line)
		}
	}
	if !regexp.MustCompile(`(?m)^HEALTHCHECK .*CMD \["/cloze-api", "healthcheck"\]$`).MatchString(file) {
		t.Error("the Dockerfile has no health check by the binary")
	}
	if !strings.Contains(file, "FROM golang:"+goMinor(t)+" ") {
		t.Errorf("the Dockerfile does not build with Go %s", goMinor(t))
	}
}

// makeBuildCommand is what make build runs for this program.
func makeBuildCommand(t testing.TB) string {
	t.Helper()
	makefile := readFile(t, "../../Makefile")
	variable := regexp.MustCompile(`(?m)^BUILD\s*[:?]?=\s*(.*)$`).FindStringSubmatch(makefile)
	rule := regexp.MustCompile(`(?m)^\t\$\(BUILD\) (.*\./cmd/api)$`).FindStringSubmatch(makefile)
	if variable == nil || rule == nil {
		t.Fatal("the Makefile has no BUILD, or no rule that builds ./cmd/api with it")
	}
	return strings.ReplaceAll(variable[1], "$(GO)", "go") + " " + rule[1]
}

// goMinor is the Go version of go.mod without its patch.
func goMinor(t testing.TB) string {
	t.Helper()
	match := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readFile(t, "../../go.mod"))
	if match == nil {
		t.Fatal("go.mod names no version")
	}
	return match[1]
}
