package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/client"

	"testbed/emulator/internal/program"
	"testbed/emulator/noderuntime"
)

// dockerConfig makes an empty configuration of Docker's client the one in use.
func dockerConfig(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{client.EnvOverrideHost, envContext, client.EnvOverrideCertPath, client.EnvTLSVerify,
		client.EnvOverrideAPIVersion} {
		t.Setenv(name, "")
	}
	t.Setenv(envConfig, dir)
	return dir
}

func write(t *testing.T, text string, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func contextID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// addContext writes a context as `docker context create` does.
func addContext(t *testing.T, dir, name, host string) {
	t.Helper()
	meta, err := json.Marshal(map[string]any{"Name": name, "Metadata": map[string]any{},
		"Endpoints": map[string]any{"docker": map[string]any{"Host": host, "SkipTLSVerify": false}}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, string(meta), dir, "contexts", "meta", contextID(name), "meta.json")
}

// TestEndpointIsTheOneThatDockersClientUses follows the order of Docker's own client.
func TestEndpointIsTheOneThatDockersClientUses(t *testing.T) {
	dir := dockerConfig(t)
	is := func(want string, opts ...Option) {
		t.Helper()
		if got := New(program.At("x"), opts...).Endpoint(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	is(client.DefaultDockerHost)
	addContext(t, dir, "one", "unix:///run/one.sock")
	addContext(t, dir, "two.x", "tcp://127.0.0.1:2375")
	is(client.DefaultDockerHost) // none is in use
	write(t, `{"auths": {}, "currentContext": "one"}`, dir, "config.json")
	is("unix:///run/one.sock")
	t.Setenv(envContext, "two.x")
	is("tcp://127.0.0.1:2375")
	t.Setenv(envContext, "default")
	is(client.DefaultDockerHost)
	t.Setenv(client.EnvOverrideHost, "unix:///run/three.sock")
	is("unix:///run/three.sock")
	is("unix:///run/four.sock", WithHost("unix:///run/four.sock"))
	is("unix:///run/three.sock", WithHost(""))
	work, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	is("unix://"+filepath.Join(work, "five.sock"), WithHost("unix://./five.sock"))
	t.Setenv(client.EnvOverrideHost, "")
	t.Setenv(envContext, "")
	t.Setenv(envConfig, "")
	home := t.TempDir()
	t.Setenv("HOME", home)
	is(client.DefaultDockerHost)
	addContext(t, filepath.Join(home, ".docker"), "home", "unix:///run/home.sock")
	write(t, `{"currentContext": "home"}`, home, ".docker", "config.json")
	is("unix:///run/home.sock")
}

// TestFaultsOfDockersFilesAreNamed: nothing is guessed, and nothing reads without end.
// TestContextsOfOtherMachines: a context may lead to an engine elsewhere, by ssh as well, which the caller sees to.
func TestContextsOfOtherMachines(t *testing.T) {
	dir := dockerConfig(t)
	addContext(t, dir, "socket", "unix:///run/other.sock")
	addContext(t, dir, "shell", "ssh://me@elsewhere:2222")
	if api, address, err := ContextClient("socket"); err != nil || api == nil || api.DaemonHost() != address {
		t.Errorf("%v at %q, %v", api, address, err)
	}
	if api, address, err := ContextClient("shell"); err != nil || api != nil || address != "ssh://me@elsewhere:2222" {
		t.Errorf("%v at %q, %v", api, address, err)
	}
	if _, _, err := ContextClient("none"); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a context that is not there: %v", err)
	}
}

func TestFaultsOfDockersFilesAreNamed(t *testing.T) {
	config := func(text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { write(t, text, dir, "config.json") }
	}
	directory := func(t *testing.T, dir string) { write(t, "", dir, "config.json", "x") }
	device := func(t *testing.T, dir string) { link(t, "/dev/zero", dir, "config.json") }
	path := func(t *testing.T, _ string) { t.Setenv(envContext, "../../x") }
	for name, c := range map[string]struct {
		prepare func(t *testing.T, dir string)
		want    string // in the error
	}{
		"no such context":    {config(`{"currentContext": "gone"}`), `no Docker context "gone"`},
		"not JSON":           {config("{\n\"a\": 1,\n oops}"), "config.json: line 3"},
		"wrong type":         {config("{\n\"currentContext\": [1]}"), "config.json: line 2"},
		"empty file":         {config(""), "config.json: line 1"},
		"directory":          {directory, "not a regular file"},
		"device":             {device, "not a regular file"},
		"too long":           {config(strings.Repeat(" ", longestConfig+1)), "more than 1048576 bytes"},
		"path in the name":   {path, "which cannot be the name of one"},
		"escape in the name": {config(`{"currentContext": "a\u001b[2J"}`), `"a\x1b[2J", which cannot be`},
		"another's": {func(t *testing.T, dir string) {
			addContext(t, dir, "a1", "unix:///x")
			meta := filepath.Join(dir, "contexts", "meta")
			if err := os.Rename(filepath.Join(meta, contextID("a1")), filepath.Join(meta, contextID("b1"))); err != nil {
				t.Fatal(err)
			}
			t.Setenv(envContext, "b1")
		}, `the Docker context "a1", not "b1"`},
		"meta is no JSON": {func(t *testing.T, dir string) {
			write(t, "[]", dir, "contexts", "meta", contextID("ab"), "meta.json")
			t.Setenv(envContext, "ab")
		}, "meta.json: line 1"},
		"ssh": {func(t *testing.T, dir string) {
			addContext(t, dir, "far", "ssh://me@far")
			t.Setenv(envContext, "far")
		}, "on this machine"},
		"escape in the host": {func(t *testing.T, dir string) {
			addContext(t, dir, "esc", "unix:///x\x1b[2J")
			t.Setenv(envContext, "esc")
		}, `"unix:///x\x1b[2J" is no engine's address`},
		"no address": {func(t *testing.T, dir string) {
			addContext(t, dir, "odd", "somewhere")
			t.Setenv(envContext, "odd")
		}, `the Docker context "odd"`},
		"broken certificate": {func(t *testing.T, dir string) {
			addContext(t, dir, "tls", "tcp://127.0.0.1:1")
			write(t, "x", dir, "contexts", "tls", contextID("tls"), "docker", "ca.pem")
			t.Setenv(envContext, "tls")
		}, "ca.pem holds no certificate"},
		"ssh in DOCKER_HOST": {func(t *testing.T, _ string) { t.Setenv(client.EnvOverrideHost, "ssh://x") }, "DOCKER_HOST"},
	} {
		t.Run(name, func(t *testing.T) {
			c.prepare(t, dockerConfig(t))
			err := New(program.At("x")).Supported(context.Background())
			if !errors.Is(err, noderuntime.ErrNotSupported) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func link(t *testing.T, target string, path ...string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(path...)); err != nil {
		t.Fatal(err)
	}
}

// fakeEngine answers as an engine of API 1.41 does that keeps its files in root.
func fakeEngine(id, root string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Ostype", "linux")
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/_ping"):
		case strings.HasPrefix(r.URL.Path, "/v1.41/info"):
			fmt.Fprintf(w, `{"ID": %q, "DockerRootDir": %q, "ServerVersion": "20.10.24", "KernelVersion": %q}`,
				id, root, kernelRelease())
		default: // as an engine answers a version that it has not
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"message": "client version is too new. Maximum supported API version is 1.41"}`)
		}
	}
}

// listen serves an engine at a socket and returns its path.
func listen(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return path
}

func TestAPIVersionOfTheUserIsHonoured(t *testing.T) {
	dockerConfig(t)
	host := "unix://" + listen(t, fakeEngine("A", "/var/lib/docker"))
	for version, want := range map[string]string{
		"":      "",
		"1.41":  "",
		"v1.41": "",
		"1.50":  "speaks 1.41 at most",
		"1.30":  "needs 1.41 at least",
		"new":   `"new", which is no version`,
		"1":     "is no version",
	} {
		t.Setenv(client.EnvOverrideAPIVersion, version)
		_, err := New(program.At("x"), WithHost(host)).EngineVersion(context.Background())
		if want == "" && err != nil {
			t.Errorf("%q: %v", version, err)
		}
		if want != "" && (!errors.Is(err, noderuntime.ErrNotSupported) || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "no Docker engine answers")) {
			t.Errorf("%q: %v, want %q", version, err, want)
		}
	}
}

// TestEnginesAreKnownByThemselves: the journal's engine is found whatever the user's variables say by now.
func TestEnginesAreKnownByThemselves(t *testing.T) {
	dockerConfig(t)
	ctx := context.Background()
	// Engines of one machine may share the ID, but not the directory.
	mine, theirs := listen(t, fakeEngine("A", "/var/lib/docker")), listen(t, fakeEngine("A", "/tmp/docker"))
	other := filepath.Join(t.TempDir(), "other.sock")
	link(t, mine, other)
	id, err := New(program.At("x"), WithHost("unix://"+mine)).EngineID(ctx)
	if err != nil || id == "" {
		t.Fatalf("%q, %v", id, err)
	}
	if same, err := New(program.At("x"), WithHost("unix://"+other)).EngineID(ctx); err != nil || same != id {
		t.Errorf("by another path it is %q (%v), not %q", same, err, id)
	}
	none := "unix://" + filepath.Join(t.TempDir(), "none")
	for name, c := range map[string]struct {
		inUse, endpoint, id string
		want                string // the endpoint
		err                 error
	}{
		"nothing is recorded":               {"unix://" + mine, "", "", "unix://" + mine, nil},
		"another one is in use":             {"unix://" + theirs, "unix://" + mine, id, "unix://" + mine, nil},
		"an old record":                     {"unix://" + theirs, "unix://" + mine, "", "unix://" + mine, nil},
		"none is in use":                    {none, "unix://" + mine, id, "unix://" + mine, nil},
		"its socket has moved":              {"unix://" + other, none, id, "unix://" + other, nil},
		"another one is at its place":       {none, "unix://" + theirs, id, "", ErrOtherEngine},
		"another one is there, it is used":  {"unix://" + other, "unix://" + theirs, id, "unix://" + other, nil},
		"it does not answer, another would": {"unix://" + theirs, none, id, "", ErrOtherEngine},
		"nothing answers":                   {none, none, id, "", noderuntime.ErrNotSupported},
	} {
		t.Setenv(client.EnvOverrideHost, c.inUse)
		r, err := New(program.At("x")).ForEngine(ctx, c.endpoint, c.id)
		if c.err != nil && !errors.Is(err, c.err) || c.err == nil && (err != nil || r.Endpoint() != c.want) {
			t.Errorf("%s: %v, want %q, %v", name, err, c.want, c.err)
		}
	}
}

// TestCertificatesOfTheClientAreUsed reaches an engine that is secured by TLS by a context and by variables.
func TestCertificatesOfTheClientAreUsed(t *testing.T) {
	server := httptest.NewTLSServer(fakeEngine("A", "/var/lib/docker"))
	defer server.Close()
	host := "tcp://" + server.Listener.Addr().String()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	dir := dockerConfig(t)
	addContext(t, dir, "tls", host)
	t.Setenv(envContext, "tls")
	reaches := func(want bool) {
		t.Helper()
		if _, err := New(program.At("x")).EngineID(context.Background()); (err == nil) != want {
			t.Errorf("reached: %v, want %v", err, want)
		}
	}
	reaches(false)
	write(t, ca, dir, "contexts", "tls", contextID("tls"), "docker", "ca.pem")
	reaches(true)
	if _, err := New(program.At("x"), WithHost(host)).EngineID(context.Background()); err != nil {
		t.Errorf("the same address from a record: %v", err)
	}
	t.Setenv(client.EnvOverrideHost, host)
	reaches(false)
	t.Setenv(client.EnvTLSVerify, "1")
	reaches(false)
	write(t, ca, dir, "ca.pem") // verification without a path
	reaches(true)
}
