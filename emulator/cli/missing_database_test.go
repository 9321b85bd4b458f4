package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Who sends samples to a database that is not there is told how to make it, in the words of that version.
func TestUploadToAMissingDatabase(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/health" {
			fmt.Fprint(w, `{"status":"pass"}`)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"code":"not found","message":"database not found","error":"database not found"}`)
	}))
	defer server.Close()
	for want, args := range map[string][]string{
		`influx -execute 'CREATE DATABASE "lab"'`: {"--influx-bucket", "lab/autogen"},
		"influx bucket create --org 'my org' --name 'runs of today'": {
			"--influx-bucket", "runs of today", "--influx-org", "my org",
		},
	} {
		withoutInflux(t)
		got := invoke(t, append([]string{"upload", written(t), "--influx-url", server.URL}, args...)...)
		if got.code != ExitCheck || !strings.Contains(got.stdout+got.stderr, want) {
			t.Errorf("exit %d, want %s in %s%s", got.code, want, got.stdout, got.stderr)
		}
	}
}
