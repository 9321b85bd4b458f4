package function_test

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"testbed/emulator/faas/function"
	"testbed/emulator/internal/testenv"
)

// watchdog is a function's container as OpenFaaS has it, by the rules of its of-watchdog: it listens at $port, starts
// $fprocess, and hands requests on to $upstream_url; /_/health is 503 before its lock file is there.
func watchdog() {
	words := strings.Fields(os.Getenv("fprocess"))
	if os.Getenv("mode") != "http" || len(words) == 0 {
		fmt.Println(`Provide a "fprocess" environmental variable for your function.`)
		os.Exit(1)
	}
	child := exec.Command(words[0], words[1:]...)
	child.Env = append(os.Environ(), hostileEnv+"=upstream")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		panic(err)
	}
	go func() { panic(child.Wait()) }()
	var ready atomic.Bool
	upstream, err := url.Parse(os.Getenv("upstream_url"))
	if err != nil {
		panic(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, err.Error(), http.StatusBadGateway) // which the test prints
	}
	http.Handle("/", proxy)
	http.HandleFunc("/_/health", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	go func() {
		for !ready.Load() {
			if resp, err := http.Get(upstream.String()); err == nil {
				_ = resp.Body.Close()
				if err := os.WriteFile(filepath.Join(os.TempDir(), ".lock"), nil, 0o660); err != nil {
					panic(err)
				}
				ready.Store(true)
			}
			time.Sleep(time.Millisecond)
		}
	}()
	panic(http.ListenAndServe(":"+os.Getenv("port"), nil))
}

// TestOpenFaaS: a function in of-watchdog's HTTP mode runs as it is, and its state requests reach the invocation.
func TestOpenFaaS(t *testing.T) {
	each(t, func(t *testing.T, l *function.Launcher) {
		p := program(t, "of-watchdog")
		port := testenv.FreePort(t)
		if l.Free { // it has this host's directory for temporary files, and the other one of its own
			p.Env = append(p.Env, "TMPDIR="+t.TempDir())
		}
		p.Env = append(p.Env, "mode=http", "fprocess="+p.Path, fmt.Sprintf("upstream_url=http://127.0.0.1:%d", port))
		i := started(t, l, p)
		got, err := i.Invoke(t.Context(), request("hello"))
		if err != nil || string(got) != "run/m/0/1  debug upstream:hello" {
			t.Errorf("%q, %v", got, err)
		}
	})
}
