package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/influx"
	"testbed/emulator/record"
)

// uploads runs `testbed upload` on its own, and returns the exit code and what was printed.
func uploads(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	s := &State{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Args: args}
	app := newApp(s)
	app.Commands = append(app.Commands[:0:0], uploadCommand(s)) // as long as it is the only one of its name
	app.Commands[0].OnUsageError = usageError
	err := app.RunContext(context.Background(), append([]string{"testbed", "upload"}, args...))
	code, _ := exitCode(err)
	if err != nil {
		out.WriteString(err.Error())
	}
	return code, out.String()
}

// threeChains is the directory of a run with three chains.
func threeChains(t *testing.T) *record.Directory {
	t.Helper()
	d, err := record.MakeDirectory(t.TempDir(), record.RunName("up", time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		c := record.Chain{Tags: record.Tags{Run: d.Run(), Length: 1}, Time: time.Unix(int64(i), 0), Index: i}
		if err := d.Write(c, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(d.Close(), (&record.Manifest{Run: d.Run()}).Write(d.Path())); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestUpload(t *testing.T) {
	const token = "very-secret-token"
	status, lines := http.StatusNoContent, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Token "+token || r.URL.Query().Get("bucket") != "b" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		lines++
		w.WriteHeader(status)
	}))
	defer server.Close()
	d := threeChains(t)
	for _, name := range []string{influx.EnvURL, influx.EnvToken, influx.EnvOrg, influx.EnvBucket} {
		t.Setenv(name, "")
	}
	expect := func(want int, text string, args ...string) string {
		t.Helper()
		code, out := uploads(t, args...)
		if code != want || !strings.Contains(out, text) || strings.Contains(out, token) {
			t.Errorf("%v: exit code %d, want %d:\n%s", args, code, want, out)
		}
		return out
	}
	expect(ExitUsage, "at least one run")
	expect(ExitUsage, "INFLUX_URL", d.Path())
	t.Setenv(influx.EnvURL, server.URL)
	t.Setenv(influx.EnvBucket, "b")
	expect(ExitUsage, "no run's directory", t.TempDir())
	expect(ExitCheck, "3 pending", d.Path()) // no token
	t.Setenv(influx.EnvToken, token)
	status = http.StatusServiceUnavailable
	expect(ExitCheck, "MISSING: 3 pending", "--patience", "300ms", d.Path())
	m, err := record.ReadManifest(d.Path())
	if err != nil || m.Mirrors["influx "+server.URL+" b"].Pending != 3 {
		t.Errorf("%+v, %v", m, err)
	}
	status = http.StatusNoContent
	lines = 0
	expect(ExitOK, "has 3 lines", d.Path())
	expect(ExitOK, "has 3 lines", d.Path())
	if lines != 1 {
		t.Errorf("%d requests, want 1", lines)
	}
	out := expect(ExitOK, "", "--format", "json", "--all", d.Path())
	var results []uploaded
	err = json.Unmarshal([]byte(out), &results)
	if err != nil || len(results) != 1 || results[0].Counts.Written != 3 || lines != 2 {
		t.Errorf("%v, %d requests: %s", err, lines, out)
	}
	files, _ := filepath.Glob(filepath.Join(d.Path(), "*"))
	for _, f := range files {
		if text, err := os.ReadFile(f); err != nil || bytes.Contains(text, []byte(token)) {
			t.Errorf("%s holds the token, %v", f, err)
		}
	}
}
