package dapr

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"testbed/emulator/faas/keyspace"
	"testbed/emulator/internal/testenv"
)

// examples are the functions of scenarios/functions, by language.
func examples(t *testing.T, name string) map[string][]string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		testenv.Missing(t, "no python3: "+err.Error())
	}
	source, err := filepath.Abs("../../../scenarios/functions")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), name)
	build := exec.Command("go", "build", "-o", program, "./"+name)
	build.Dir = source
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return map[string][]string{"python": {python, filepath.Join(source, name+".py")}, "go": {program}}
}

// start runs a program whose states are behind the handler, and returns what invokes it.
func start(t *testing.T, command []string, state http.Handler) func(argument []byte) (status int, result string) {
	t.Helper()
	api := httptest.NewServer(Guard("token of the instance", state))
	t.Cleanup(api.Close)
	port := strconv.Itoa(testenv.FreePort(t))
	address := net.JoinHostPort("127.0.0.1", port)
	_, statePort, _ := net.SplitHostPort(api.Listener.Addr().String())
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "PORT="+port, "DAPR_HTTP_PORT="+statePort, TokenEnv+"=token of the instance")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	testenv.Eventually(t, "it answers", func() bool {
		response, err := http.Get("http://" + address + "/_/health")
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil
	})
	return func(argument []byte) (int, string) {
		request, err := http.NewRequest("POST", "http://"+address+"/", bytes.NewReader(argument))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Ce-Id", "7")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
}

// TestExamples holds the examples of both languages to each other, to what they must answer, and to the content of
// their state.
func TestExamples(t *testing.T) {
	readings, err := filepath.Glob("../../../scenarios/functions/readings/*.txt")
	if err != nil || len(readings) < 3 {
		t.Fatalf("%d files of readings: %v", len(readings), err)
	}
	plain := strings.Repeat("10\n20\n", 20)
	var files [][]byte
	for _, path := range readings {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, text)
	}
	for name, c := range map[string]struct {
		arguments [][]byte
		want      []string // of the first invocations
		key       string
		value     string // "": any
		bad       string // an argument that is refused; "": none is
	}{
		"counter": {[][]byte{[]byte("abc"), nil, []byte("defg")},
			[]string{`{"calls":1,"bytes":3}`, `{"calls":2,"bytes":3}`, `{"calls":3,"bytes":7}`},
			"total", `{"calls":3,"bytes":7}`, ""},
		"detect": {append([][]byte{[]byte(plain + "99\n10\n")}, files...),
			[]string{`{"readings":42,"anomalies":[[40,99]]}`}, "window", "", "1\n2000000\n"},
	} {
		var results, digests []string
		for language, command := range examples(t, name) {
			stores := []Store{{Names: []string{DefaultStore}, Space: keyspace.New(0)}}
			session := NewSession(stores, 1<<20, &memory{})
			invoke := start(t, command, Handler(name, func(r *http.Request) (*Session, error) {
				if r.Header.Get("Ce-Id") != "7" {
					return nil, fmt.Errorf("a request of no invocation")
				}
				return session, nil
			}))
			var all []string
			for i, argument := range c.arguments {
				status, result := invoke(argument)
				if status != 200 || i < len(c.want) && result != c.want[i] {
					t.Errorf("%s in %s, invocation %d: %d %.300s", name, language, i, status, result)
				}
				all = append(all, result)
			}
			if c.bad != "" {
				if status, text := invoke([]byte(c.bad)); status != 500 {
					t.Errorf("%s in %s: %d %s", name, language, status, text)
				}
			}
			space := session.Close()[0]
			if value, _, found := space.Get(c.key); !found || c.value != "" && string(value) != c.value {
				t.Errorf("%s in %s: the state is %s", name, language, value)
			}
			results, digests = append(results, strings.Join(all, "\n")), append(digests, space.Digest())
		}
		if results[0] != results[1] || digests[0] != digests[1] {
			t.Errorf("%s differs between languages: %v\n%s", name, digests, strings.Join(results, "\n---\n"))
		}
		if name == "detect" && strings.Count(results[0], "[") < 20 {
			t.Errorf("few anomalies: %s", results[0])
		}
	}
}
