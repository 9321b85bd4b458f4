package influx

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestFilesSuggestAndDecideNothing: a file never changes where samples go, nor gives a token anywhere to go.
func TestFilesSuggestAndDecideNothing(t *testing.T) {
	file := Suggestion{URL: "http://stranger:8086", Org: "fo", Bucket: "fb"}
	for _, c := range []struct {
		named            Config
		file             Suggestion
		url, org, bucket string
	}{
		{Config{}, file, "", "", ""},
		{Config{Token: secret}, file, "", "", ""},
		{Config{URL: "http://mine:8086", Token: secret}, file, "http://mine:8086", "", ""},
		{Config{URL: "http://stranger:8086.mine", Token: secret}, file, "http://stranger:8086.mine", "", ""},
		{Config{URL: "HTTP://Stranger:8086/", Token: secret}, file, "HTTP://Stranger:8086/", "fo", "fb"},
		{Config{URL: "https://stranger:8086", Token: secret}, file, "https://stranger:8086", "", ""},
		{Config{URL: "http://mine", Token: secret, Org: "o"}, Suggestion{Org: "fo", Bucket: "fb"}, "http://mine", "o", "fb"},
		{
			Config{URL: "http://u:p@mine:80", Bucket: "b"}, Suggestion{URL: "http://mine", Org: "fo", Bucket: "fb"},
			"http://u:p@mine:80", "fo", "b",
		},
	} {
		got := c.named.Complete(c.file)
		if got.URL != c.url || got.Org != c.org || got.Bucket != c.bucket || got.Token != c.named.Token {
			t.Errorf("%+v and %+v: %q %q %q", c.named, c.file, got.URL, got.Org, got.Bucket)
		}
	}
}

// TestTokenFollowsNoRedirection: a server that answers with another address does not make this program go there.
func TestTokenFollowsNoRedirection(t *testing.T) {
	var reached atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer other.Close()
	d := newRun(t)
	fill(t, d, 0, 3)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.RequestURI(), status)
		}))
		config := Config{
			URL:      server.URL,
			Bucket:   "b",
			Token:    secret,
			Timeout:  5 * time.Second,
			Patience: time.Millisecond,
			Backoff:  time.Millisecond,
		}
		counts, err := Upload(t.Context(), d.Path(), config, Options{All: true})
		checked := Check(t.Context(), config)
		server.Close()
		if err == nil || checked == nil || counts.Written != 0 || strings.Contains(fmt.Sprint(err, checked), secret) {
			t.Errorf("%d: %+v, %v; %v", status, counts, err, checked)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests went where the redirection points", n)
	}
}
