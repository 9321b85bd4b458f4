package influx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
)

func TestMirrorFollows(t *testing.T) {
	d, server := newRun(t), newDouble(t)
	m, err := Follow(d.Path(), server.config())
	if err != nil {
		t.Fatal(err)
	}
	fill(t, d, 0, 120)
	testenv.Eventually(t, "the first flush arrives", func() bool { return m.Counts().Written > 0 })
	fill(t, d, 120, 1200)
	if err := errors.Join(d.Close(), m.Close(), m.Close()); err != nil {
		t.Fatal(err)
	}
	complete(t, m.Counts(), len(linesOf(t, d.Path())))
	server.holds(t, d.Path())
	// All that there is to upload is nothing.
	before := server.batches
	counts, err := Upload(t.Context(), d.Path(), server.config(), Options{})
	if err != nil || server.batches != before {
		t.Fatalf("%+v, %v, %d requests", counts, err, server.batches-before)
	}
	complete(t, counts, len(linesOf(t, d.Path())))
	_, err = Upload(t.Context(), d.Path(), server.config(), Options{All: true})
	if err != nil || server.batches == before {
		t.Fatal(err)
	}
	server.holds(t, d.Path())
	keepsSecrets(t, d.Path())
}

// Without a token, org or bucket that the server knows nothing is written, and says so.
func TestAuthentication(t *testing.T) {
	d, server := newRun(t), newDouble(t)
	fill(t, d, 0, 10)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	good := server.config()
	if err := Check(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"token": func(c *Config) { c.Token = secret + "x" }, "none": func(c *Config) { c.Token = "" },
		"org": func(c *Config) { c.Org = "" }, "bucket": func(c *Config) { c.Bucket = "a" },
	} {
		c := good
		change(&c)
		err := Check(t.Context(), c)
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		counts, failed := Upload(t.Context(), d.Path(), c, Options{})
		missing(t, failed)
		if counts.Written != 0 || counts.Pending+counts.Rejected != int64(len(linesOf(t, d.Path()))) || counts.Retried != 0 {
			t.Errorf("%s: %+v", name, counts)
		}
		m, err2 := Follow(d.Path(), c)
		if err2 != nil {
			t.Fatal(err2)
		}
		closed := m.Close()
		missing(t, closed)
		if got := m.Counts(); got.Rejected != int64(len(linesOf(t, d.Path()))) || got.Message == "" {
			t.Errorf("%s: %+v", name, got)
		}
		keepsSecrets(t, d.Path(), err.Error(), failed.Error(), closed.Error())
	}
	counts, err := Upload(t.Context(), d.Path(), good, Options{})
	if err != nil {
		t.Fatal(err)
	}
	complete(t, counts, len(linesOf(t, d.Path())))
	server.holds(t, d.Path())
	m, err := record.ReadManifest(d.Path())
	if err != nil || len(m.Mirrors) != 3 || m.Mirrors[good.Name()] != counts {
		t.Errorf("%+v, %v", m.Mirrors, err)
	}
}

// A line that the server refuses is found among the others, which are taken; and it is tried again later.
func TestBadLines(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnprocessableEntity} {
		d, server := newRun(t), newDouble(t)
		fill(t, d, 0, 300)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		lines := linesOf(t, d.Path())
		bad := map[string]bool{lines[0]: true, lines[777]: true, lines[778]: true, lines[len(lines)-1]: true}
		server.answer = func(lines []string) (int, string, http.Header) {
			for _, line := range lines {
				if bad[line] {
					header := http.Header{"Content-Type": {"application/json"}}
					return status, `{"code":"invalid","message":"unable to parse 'it'"}`, header
				}
			}
			return 0, "", nil
		}
		counts, err := Upload(t.Context(), d.Path(), server.config(), Options{})
		missing(t, err)
		named := strings.Contains(counts.Message, "unable to parse")
		if counts.Rejected != 4 || counts.Written != int64(len(lines)-4) || counts.Pending != 0 || !named {
			t.Fatalf("%d: %+v", status, counts)
		}
		bad = nil
		server.batches = 0
		if counts, err = Upload(t.Context(), d.Path(), server.config(), Options{}); err != nil || server.batches != 3 {
			t.Fatalf("%v, %d requests", err, server.batches)
		}
		complete(t, counts, len(lines))
		server.holds(t, d.Path())
	}
}

// A server that refuses everything with 400 is not asked for ever.
func TestAllRefused(t *testing.T) {
	d, server := newRun(t), newDouble(t)
	fill(t, d, 0, 1000)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	server.answer = func([]string) (int, string, http.Header) { return 400, "no", nil }
	counts, err := Upload(t.Context(), d.Path(), server.config(), Options{})
	missing(t, err)
	lines := len(linesOf(t, d.Path()))
	if counts.Rejected != int64(lines) || server.batches > 20*(1+lines/5000)+20 {
		t.Errorf("%+v of %d, after %d requests", counts, lines, server.batches)
	}
}

// Too large a request is cut into smaller ones.
func TestTooLarge(t *testing.T) {
	d, server := newRun(t), newDouble(t)
	fill(t, d, 0, 300)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	server.answer = func(lines []string) (int, string, http.Header) {
		if len(lines) > 100 {
			return http.StatusRequestEntityTooLarge, "", nil
		}
		return 0, "", nil
	}
	counts, err := Upload(t.Context(), d.Path(), server.config(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	complete(t, counts, len(linesOf(t, d.Path())))
	server.holds(t, d.Path())
}

func TestRetryAfterIsHonouredAndBounded(t *testing.T) {
	for _, header := range []string{"1000", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)} {
		d, server := newRun(t), newDouble(t)
		fill(t, d, 0, 1)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		refused := 0
		server.answer = func([]string) (int, string, http.Header) {
			if refused++; refused > 1 {
				return 0, "", nil
			}
			return http.StatusTooManyRequests, "", http.Header{"Retry-After": {header}}
		}
		begin := time.Now()
		counts, err := Upload(t.Context(), d.Path(), server.config(), Options{})
		if took := time.Since(begin); err != nil || took < 300*time.Millisecond || counts.Retried != 1 {
			t.Errorf("%s: %v, %+v, after %v", header, err, counts, took)
		}
	}
	if got := retryAfter("x", time.Now()); got != 0 {
		t.Error(got)
	}
}

// What is no acknowledgement of InfluxDB's is none.
func TestStrangeSuccess(t *testing.T) {
	d, server := newRun(t), newDouble(t)
	fill(t, d, 0, 3)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{http.StatusOK, http.StatusMovedPermanently} {
		server.answer = func([]string) (int, string, http.Header) {
			return status, "welcome", http.Header{"Location": {server.URL + "/health"}}
		}
		counts, err := Upload(t.Context(), d.Path(), server.config(), Options{})
		missing(t, err)
		if counts.Written != 0 {
			t.Errorf("%d: %+v", status, counts)
		}
	}
}

// A crash that cuts the last line off loses that line only, and a torn or foreign state makes all be sent.
func TestUploadAfterACrash(t *testing.T) {
	d, server := newRun(t), newDouble(t)
	fill(t, d, 0, 50)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d.Path(), record.SamplesFile)
	info, err := os.Stat(path)
	if err == nil {
		err = os.Truncate(path, info.Size()-9)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", `{"targets":{"` + server.config().key() + `":{"offset":999999999}}}`,
		`{"targets":{"` + server.config().key() + `":{"offset":10,"refused":[{"from":5,"to":2,"lines":1}]}}}`} {
		if err := os.WriteFile(filepath.Join(d.Path(), StateFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		counts, err := Upload(t.Context(), d.Path(), server.config(), Options{})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		complete(t, counts, len(linesOf(t, d.Path())))
		server.holds(t, d.Path())
	}
}

// An interruption leaves a state from which the next upload goes on.
func TestUploadIsInterrupted(t *testing.T) {
	d, server := newRun(t), newDouble(t)
	fill(t, d, 0, 500)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	config := server.config()
	config.BatchLines = 100
	ctx, cancel := context.WithCancel(t.Context())
	counts, err := Upload(ctx, d.Path(), config, Options{Progress: func(p Progress) {
		if p.Lines >= 1000 {
			cancel()
		}
	}})
	if missing(t, err); !errors.Is(err, context.Canceled) || counts.Written != 1000 {
		t.Fatalf("%+v, %v", counts, err)
	}
	server.batches = 0
	lines := len(linesOf(t, d.Path()))
	counts, err = Upload(t.Context(), d.Path(), config, Options{})
	if err != nil || server.batches != (lines-1000+99)/100 {
		t.Fatalf("%v, %d requests", err, server.batches)
	}
	complete(t, counts, lines)
	server.holds(t, d.Path())
}

func TestConfig(t *testing.T) {
	c := Config{URL: "http://u:passw0rd@scenario:2/x/?p=passw0rd", Token: secret, Org: "o", Bucket: "b"}
	if got := c.Name(); got != "influx http://scenario:2/x o/b" {
		t.Error(got)
	}
	text, err := json.Marshal(c.Token)
	shown := fmt.Sprintf("%v %+v %#v %s %q %s", c.Token, c.Token, c.Token, c.Token, c.Token, text)
	if err != nil || strings.Contains(shown, secret) || c.redact("x "+secret+" passw0rd u:passw0rd") != "x *** *** ***" {
		t.Errorf("%s; %s", shown, c.redact("x "+secret+" passw0rd u:passw0rd"))
	}
	for _, bad := range []Config{
		{}, {URL: "http://h"}, {Bucket: "b"}, {URL: "localhost:8086", Bucket: "b"}, {URL: "ftp://h", Bucket: "b"},
		{URL: "http://u:passw0rd@h:port", Bucket: "b"}, {URL: "http://h/?p=passw0rd", Bucket: "b"},
		{URL: "http://h/#passw0rd", Bucket: "b"},
	} {
		if err := bad.Validate(); err == nil || strings.Contains(err.Error(), "passw0rd") {
			t.Errorf("%v", err)
		}
	}
}
