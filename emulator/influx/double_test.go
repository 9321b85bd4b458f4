package influx

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/record"
)

const secret = "s3cr3t-token=="

// double speaks InfluxDB 2's protocol as far as writing goes. It keeps points by all but their fields, as
// the database does.
type double struct {
	*httptest.Server

	mu       sync.Mutex
	points   map[string]string
	batches  int
	problems []string
	answer   func(lines []string) (status int, body string, header http.Header) // 0: take them
}

func newDouble(t *testing.T) *double {
	d := &double{points: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"name":"influxdb","message":"ready for queries and writes","status":"pass","version":"v2.7.1"}`)
	})
	mux.HandleFunc("POST /api/v2/write", d.write)
	d.Server = httptest.NewServer(mux)
	t.Cleanup(d.Close)
	return d
}

func (d *double) write(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, message string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"code":%q,"message":%q}`, code, message)
	}
	query := r.URL.Query()
	switch {
	case r.Header.Get("Authorization") != "Token "+secret:
		refuse(http.StatusUnauthorized, "unauthorized", "unauthorized access with "+r.Header.Get("Authorization"))
		return
	case query.Get("org") != "my org":
		refuse(http.StatusNotFound, "not found", "organization name not found")
		return
	case query.Get("bucket") != "a/b":
		refuse(http.StatusNotFound, "not found", `bucket "`+query.Get("bucket")+`" not found`)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if precision, encoding := query.Get("precision"), r.Header.Get("Content-Encoding"); precision != "ns" ||
		encoding != "gzip" {
		d.problems = append(d.problems, fmt.Sprintf("precision %q, encoding %q", precision, encoding))
	}
	unzip, err := gzip.NewReader(r.Body)
	var text []byte
	if err == nil {
		text, err = io.ReadAll(unzip)
	}
	if err != nil {
		refuse(http.StatusBadRequest, "invalid", err.Error())
		return
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		refuse(http.StatusBadRequest, "invalid", "writing requires points")
		return
	}
	d.batches++
	if d.answer != nil {
		if status, body, header := d.answer(lines); status != 0 {
			for key, values := range header {
				w.Header()[key] = values
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return
		}
	}
	for _, line := range lines {
		d.points[identity(line)] = line
	}
	w.WriteHeader(http.StatusNoContent)
}

// identity is a line without its fields.
func identity(line string) string {
	key, rest, _ := strings.Cut(line, " ")
	return key + rest[strings.LastIndexByte(rest, ' '):]
}

// config is one for a server that answers, as late as a busy machine makes it.
func (d *double) config() Config { return d.login(patient()) }

// hasty is one for a server that does not answer.
func (d *double) hasty() Config {
	c := patient()
	c.Timeout, c.FinalFlush, c.Patience = 2*time.Second, 2*time.Second, 5*time.Second
	return d.login(c)
}

func (d *double) login(c Config) Config {
	c.URL, c.Org, c.Bucket, c.Token = d.URL, "my org", "a/b", secret
	return c
}

func patient() Config {
	return Config{
		Timeout:    time.Minute,
		Backoff:    5 * time.Millisecond,
		MaxBackoff: 20 * time.Millisecond,
		MaxAfter:   300 * time.Millisecond,
		FinalFlush: time.Minute,
		Patience:   2 * time.Minute,
	}
}

// holds fails unless the double has exactly the lines of a file.
func (d *double) holds(t *testing.T, dir string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := linesOf(t, dir)
	for _, line := range lines {
		if d.points[identity(line)] != line {
			t.Fatalf("the database lacks %s", line)
		}
	}
	if len(d.points) != len(lines) || len(d.problems) > 0 {
		t.Fatalf("%d points of %d; %v", len(d.points), len(lines), d.problems)
	}
}

func linesOf(t *testing.T, dir string) []string {
	t.Helper()
	text := readFile(t, dir, record.SamplesFile)
	return strings.Split(strings.TrimSuffix(string(text[:bytes.LastIndexByte(text, '\n')+1]), "\n"), "\n")
}
