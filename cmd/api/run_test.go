package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloze/internal/kernels"
)

// server is the whole program, started as main starts it.
type server struct {
	url    string
	log    *safeBuffer
	cancel context.CancelFunc // what SIGTERM does
	done   chan error         // the result of run
}

// safeBuffer can be read while it is written.
type safeBuffer struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}

// line waits for a log line with the message, and returns its fields.
func (s *server) line(t testing.TB, message string) map[string]any {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for line := range strings.Lines(s.log.String()) {
			var fields map[string]any
			if json.Unmarshal([]byte(line), &fields) == nil && fields["message"] == message {
				return fields
			}
		}
		select {
		case err := <-s.done:
			s.done <- err
			t.Fatalf("run ended with %v before it logged %q:\n%s", err, message, s.log)
		default:
		}
	}
	t.Fatalf("no log line %q in\n%s", message, s.log)
	return nil
}

// start runs the program on a free port of this machine until the test ends.
func start(t testing.TB, args ...string) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{log: new(safeBuffer), cancel: cancel, done: make(chan error, 1)}
	args = append([]string{"--listen", "127.0.0.1:0", "--drain-delay", "0s", "--log-format", "json"}, args...)
	go func() { s.done <- run(ctx, args, noEnv, io.Discard, s.log) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-s.done:
			if err != nil {
				t.Errorf("run returned %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the server does not stop")
		}
	})
	s.url, _ = s.line(t, "listening")["url"].(string)
	return s
}

// startReady also waits for the models.
func startReady(t testing.TB, args ...string) *server {
	t.Helper()
	s := start(t, args...)
	s.line(t, "ready")
	return s
}

// stop does what SIGTERM does and returns what run returned.
func (s *server) stop(t testing.TB) error {
	t.Helper()
	s.cancel()
	select {
	case err := <-s.done:
		s.done <- nil // for the cleanup
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not stop")
		return nil
	}
}

func noEnv(string) string { return "" }

func (s *server) get(t testing.TB, path string) (status int, body string) {
	t.Helper()
	return s.do(t, http.MethodGet, path, "")
}

func (s *server) post(t testing.TB, path, body string) (status int, answer string) {
	t.Helper()
	return s.do(t, http.MethodPost, path, body)
}

func (s *server) do(t testing.TB, method, path, body string) (status int, answer string) {
	t.Helper()
	status, answer, err := s.try(t.Context(), method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, answer
}

// try uses a new connection each time.
func (s *server) try(ctx context.Context, method, path, body string) (status int, answer string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Close = true
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	data, err := io.ReadAll(w.Body)
	return w.StatusCode, string(data), errors.Join(err, w.Body.Close())
}

// TestFiveTasksInTwoLanguages is the program from end to end.
func TestFiveTasksInTwoLanguages(t *testing.T) {
	s := startReady(t)
	for _, tt := range []struct{ path, body, want string }{
		{"/classify", `{"text": "The striker scored twice in the final."}`, `"label":"sports"`},
		{"/classify", `{"text": "北京队昨晚赢得了总决赛。"}`, `"model":"zh"`},
		{"/sentiment", `{"text": "What a lovely day."}`, `"label":"positive"`},
		{"/sentiment", `{"text": "这家餐厅的菜很难吃。"}`, `"label":"negative"`},
		{"/ner", `{"text": "Ada Lovelace wrote the first program in London in 1843."}`, `"text":"Ada Lovelace"`},
		{"/ner", `{"text": "马云在杭州创办了阿里巴巴。"}`, `"text":"杭州"`},
		{"/fill-mask", `{"text": "my dog is [MASK]."}`, `"sequence":"my dog is `},
		{"/fill-mask", `{"text": "我今天要[MASK]课。"}`, `"token":"上"`},
		{"/nsp", `{"text": "It had rained all night.", "text_pair": "In the morning the streets were wet."}`, `"label":"IsNext"`},
		{"/v1/nsp", `{"text": "下了一夜的雨。", "text_pair": "早上街道很湿。"}`, `"model":"zh"`},
	} {
		if status, body := s.post(t, tt.path, tt.body); status != http.StatusOK || !strings.Contains(body, tt.want) {
			t.Errorf("POST %s %s: %d %s, want it to hold %s", tt.path, tt.body, status, body, tt.want)
		}
	}
	for _, path := range []string{"/", "/models", "/readyz", "/healthz", "/metrics", "/version", "/docs", "/openapi.json"} {
		if status, _ := s.get(t, path); status != http.StatusOK {
			t.Errorf("GET %s: %d", path, status)
		}
	}
	if err := s.stop(t); err != nil {
		t.Errorf("run returned %v", err)
	}
	log := s.log.String()
	if listening, ready := strings.Index(log, `"listening"`), strings.Index(log, `"ready"`); listening < 0 || ready < listening {
		t.Errorf("the listening line is not before the ready line:\n%s", log)
	}
}

// TestStartUpLog: what an operator reads first.
func TestStartUpLog(t *testing.T) {
	s := startReady(t)
	ready := s.line(t, "ready")
	models, _ := ready["models"].(map[string]any)
	if len(models) != 2 || models["en"] == "" || ready["start_ms"] == nil {
		t.Errorf("ready line %v, want the time and what each model takes", ready)
	}
	if ready["precision"] != kernels.Auto().String() || ready["products"] == "" || ready["products"] == "unknown" {
		t.Errorf("ready line %v, want the precision and what computes in it", ready)
	}
}

func TestModelFromDirectory(t *testing.T) {
	s := startReady(t, "--model", "mine=../../models/en")
	if status, body := s.post(t, "/sentiment", `{"text": "真好"}`); status != http.StatusOK || !strings.Contains(body, `"model":"mine"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := s.get(t, "/models/en"); status != http.StatusNotFound || !strings.Contains(body, `"mine"`) {
		t.Errorf("%d %s", status, body)
	}
}

// A model inside the binary may stand beside others, under its own name or
// another, also where a folder has its name.
func TestModelsInsideBesideDirectories(t *testing.T) {
	directory, err := filepath.Abs("../../models/zh")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.Mkdir("en", 0o700); err != nil {
		t.Fatal(err)
	}
	s := startReady(t, "--model", "en", "--model", "english=en", "--model", "mine="+directory)
	for _, id := range []string{"en", "english", "mine"} {
		if status, body := s.post(t, "/sentiment", `{"text": "What a lovely day.", "model": "`+id+`"}`); status != http.StatusOK || !strings.Contains(body, `"model":"`+id+`"`) {
			t.Errorf("%d %s", status, body)
		}
	}
	if status, body := s.get(t, "/models/en"); status != http.StatusOK || !strings.Contains(body, "What they were trained on") {
		t.Errorf("the model inside has no card: %d %s", status, body)
	}
}

func TestBadStarts(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	empty := t.TempDir()
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no such directory": {[]string{"--model", "x=" + filepath.Join(empty, "none")}, "load model x: " + filepath.Join(empty, "none") + ": neither a directory nor one of en, zh"},
		"empty directory":   {[]string{"--model", "x=" + empty}, "config.json"},
		"bad id":            {[]string{"--model", "a b=" + empty}, "ID=DIR"},
		"same id twice":     {[]string{"--model", "en=../../models/en", "--model", "en=../../models/en"}, "en"},
		"reserved id":       {[]string{"--model", "auto=../../models/en"}, "auto"},
		"port in use":       {[]string{"--listen", taken.Addr().String()}, "address already in use"},
		"no port":           {[]string{"--listen", "localhost"}, "missing port"},
		"unknown flag":      {[]string{"--colour", "x"}, "--colour"},
		"unknown precision": {[]string{"--precision", "int3"}, "int3"},
		"negative limit":    {[]string{"--max-texts=-1"}, "--max-texts must be positive"},
		"limit of no use":   {[]string{"--max-body-bytes=9223372036854775807"}, "--max-body-bytes must be at most 1073741824"},
		"delay too long":    {[]string{"--drain-delay", "25s"}, "--drain-delay must be shorter"},
		"timeouts crossed":  {[]string{"--write-timeout", "45s"}, "--write-timeout must be longer"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			args := tt.args
			if !slices.Contains(args, "--listen") {
				args = append(args, "--listen", "127.0.0.1:0")
			}
			err := run(ctx, args, noEnv, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("run(%v) = %v, want %q in it", tt.args, err, tt.want)
			}
		})
	}
}

// slowBody is a second of work or so for the embedded model.
func slowBody() string {
	sentences := 700
	if testing.Short() { // under the race detector
		sentences = 100
	}
	return `{"text": "` + strings.Repeat("a sentence of seven words for BERT. ", sentences) + `"}`
}

// inFlight sends a slow request, waits until it is being worked on, and
// returns how to get its answer.
func (s *server) inFlight(t testing.TB) (answer chan string) {
	t.Helper()
	answer = make(chan string, 1)
	go func() {
		status, body, err := s.try(context.Background(), http.MethodPost, "/classify", slowBody())
		answer <- fmt.Sprint(status, " ", body[:min(len(body), 100)], " ", err)
	}()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		if _, body := s.get(t, "/metrics"); !strings.Contains(body, "cloze_engine_requests_total 0\n") {
			return answer
		}
		if time.Now().After(deadline) {
			t.Fatal("the slow request does not reach the engine")
		}
	}
}

// TestShutdownWaitsForRequestsInFlight: from the signal on not ready, but what comes
// until load balancers have seen that is answered, and what was accepted, too.
func TestShutdownWaitsForRequestsInFlight(t *testing.T) {
	s := startReady(t, "--drain-delay", "2s", "--model", "en=../../models/en")
	answer := s.inFlight(t)
	s.cancel()
	s.line(t, "draining")
	if status, body := s.get(t, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "/problems/draining") {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, body := s.post(t, "/sentiment", `{"text": "a"}`); status != http.StatusOK {
		t.Errorf("new work: %d %s", status, body)
	}
	if status, _ := s.get(t, "/healthz"); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
	if got := <-answer; !strings.HasPrefix(got, "200 ") {
		t.Errorf("the request in flight: %s", got)
	}
	if err := s.stop(t); err != nil {
		t.Errorf("run returned %v", err)
	}
	if _, _, err := s.try(t.Context(), http.MethodGet, "/healthz", ""); err == nil {
		t.Error("the server still answers")
	}
}

func TestShutdownHasAnEnd(t *testing.T) {
	s := startReady(t, "--shutdown-timeout", "1ms", "--model", "en=../../models/en")
	answer := s.inFlight(t)
	begin := time.Now()
	err := s.stop(t)
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("the hard stop took %v", took)
	}
	if err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("run returned %v", err)
	}
	if got := <-answer; strings.HasPrefix(got, "200 ") {
		t.Errorf("the request was to be cut off: %s", got)
	}
}

// TestSlowClients: connections that send a byte now and then are closed, and
// others are served meanwhile.
func TestSlowClients(t *testing.T) {
	s := startReady(t, "--read-header-timeout", "300ms", "--read-timeout", "600ms", "--model", "en=../../models/en")
	address := strings.TrimPrefix(s.url, "http://")
	const clients = 50
	var wait sync.WaitGroup
	for i := range clients {
		slowBody := i%2 == 1
		wait.Go(func() {
			connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = connection.Close() }()
			begin := time.Now()
			answer, err := drip(connection, slowBody)
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("a slow client was kept for %v", took)
			}
			if want := "408"; slowBody && !strings.Contains(answer, want) {
				t.Errorf("a slow body is answered with %q, %v; want %s", answer, err, want)
			}
		})
	}
	for range 20 {
		if status, _ := s.post(t, "/sentiment", `{"text": "good"}`); status != http.StatusOK {
			t.Errorf("a good client is answered with %d", status)
		}
		time.Sleep(20 * time.Millisecond)
	}
	wait.Wait()
}

// TestIdleConnectionsMakeRoom: clients that keep connections and ask nothing keep nobody
// out.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	s := startReady(t, "--max-connections", "4", "--model", "en=../../models/en")
	address := strings.TrimPrefix(s.url, "http://")
	for i := range 12 {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() })
		if err := connection.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(connection, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(connection).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 200") {
			t.Fatalf("connection %d: %q, %v", i, line, err)
		}
	}
}

// TestConnectionsAtTheLimitAreKept: as many clients as there may be connections ask again
// and again, and lose none of their requests.
func TestConnectionsAtTheLimitAreKept(t *testing.T) {
	const clients = 4
	s := startReady(t, "--max-connections", fmt.Sprint(clients), "--model", "en=../../models/en")
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			defer client.CloseIdleConnections()
			for range 100 {
				// A body that cannot be sent again, so that the client does not hide a loss.
				body := io.MultiReader(strings.NewReader(`{"text": "a"}`))
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/tokenize", body)
				if err != nil {
					t.Error(err)
					return
				}
				request.Header.Set("Content-Type", "application/json")
				response, err := client.Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		})
	}
	wait.Wait()
}

// drip sends a request byte by byte until the server has had enough, and
// returns its status line.
func drip(connection net.Conn, slowBody bool) (answer string, err error) {
	status := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(connection).ReadString('\n')
		status <- line
	}()
	head := "POST /sentiment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
	if slowBody {
		if _, err := io.WriteString(connection, head+"\r\n"); err != nil {
			return "", err
		}
	}
	for range 200 {
		select {
		case answer := <-status:
			return answer, nil
		case <-time.After(25 * time.Millisecond):
		}
		if _, err := io.WriteString(connection, head[:1]); err != nil {
			return <-status, err
		}
	}
	return "", errors.New("the server did not give up")
}

func TestHealthcheck(t *testing.T) {
	s := startReady(t, "--model", "en=../../models/en")
	check := func(listen string) error {
		return run(t.Context(), []string{"healthcheck"}, func(name string) string {
			if name == "CLOZE_LISTEN" {
				return listen
			}
			return ""
		}, io.Discard, io.Discard)
	}
	address := strings.TrimPrefix(s.url, "http://")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	// Go sends no request for a loopback address through HTTP_PROXY, and reads
	// that once only; this is a proxy for all.
	usual := http.DefaultTransport
	http.DefaultTransport = &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:9"})}
	t.Cleanup(func() { http.DefaultTransport = usual })
	for _, listen := range []string{address, "0.0.0.0:" + port, ":" + port} {
		if err := check(listen); err != nil {
			t.Errorf("healthcheck of %s: %v", listen, err)
		}
	}
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	if err := check(address); err == nil {
		t.Error("a server that has stopped is healthy")
	}
}
