// Package influxtest starts a real InfluxDB 1.8 for tests, asks it for what it holds, and puts a faulty
// server in front of it.
package influxtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
)

// EnvBinary names the variable with the path of influxd, for those who have one elsewhere.
const EnvBinary = "TB_INFLUXD"

// Binary finds influxd 1.8. Where there is none it skips the test, or fails it under REQUIRE_PRIVILEGED=1.
func Binary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv(EnvBinary); path != "" {
		return path
	}
	cache, err := os.UserCacheDir()
	if err == nil {
		path := filepath.Join(cache, "testbed", "bin", "influxd")
		if _, err = os.Stat(path); err == nil {
			return path
		}
	}
	testenv.Missing(t, "this test needs influxd 1.8, which `scripts/influxd build` builds into the cache directory")
	return ""
}

// Server is an influxd with a directory of its own.
type Server struct {
	URL string // of its API

	t      testing.TB
	binary string
	dir    string
	cmd    *exec.Cmd
}

// Start starts a server on a free loopback port; it ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	binary := Binary(t)
	dir := t.TempDir()
	port := freePort(t)
	config := fmt.Sprintf(`reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = %[1]q
[data]
  dir = %[2]q
  wal-dir = %[3]q
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:%[4]d"
  flux-enabled = true
  log-enabled = false
`, filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"), port)
	if err := os.WriteFile(filepath.Join(dir, "influxdb.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Server{URL: fmt.Sprintf("http://127.0.0.1:%d", port), t: t, binary: binary, dir: dir}
	t.Cleanup(s.Kill)
	s.Restart()
	return s
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Kill ends the server with SIGKILL. It may be repeated.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// Restart starts the server, with what it had stored, and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(s.binary, "-config", filepath.Join(s.dir, "influxdb.conf"))
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		s.t.Fatalf("influxd: %v", err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for !s.answers(ctx) {
		if ctx.Err() != nil {
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.t.Fatalf("influxd does not answer after a minute:\n%s", text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (s *Server) answers(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/ping", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusNoContent
}

// Database makes a database.
func (s *Server) Database(name string) {
	s.t.Helper()
	s.InfluxQL("", fmt.Sprintf("CREATE DATABASE %q", name))
}
