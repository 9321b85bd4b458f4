package faas

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/faas/function"
	"testbed/emulator/faas/instance"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// programEnv makes the test's binary a function.
const programEnv = "TB_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == function.Command {
		os.Exit(function.Main())
	}
	if how := os.Getenv(programEnv); how != "" {
		serveProgram(how)
	}
	os.Exit(m.Run())
}

// askState makes a request of a program's to its states.
func askState(method, address string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequest(method, address, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set(dapr.TokenHeader, os.Getenv(dapr.TokenEnv))
	return http.DefaultClient.Do(r)
}

// serveProgram is a user's program: it counts in its state, and answers with the sum, what it was given, and how.
func serveProgram(how string) {
	calls := 0
	handler := func(w http.ResponseWriter, r *http.Request) {
		argument, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost {
			return
		}
		if how == "echoes" {
			_, _ = w.Write(argument)
			return
		}
		if calls++; how == "crashes once" && calls == 1 && len(argument) > 0 && argument[0] == '!' {
			fmt.Println("out of luck")
			os.Exit(7)
		}
		n := 0
		store := os.Getenv("DAPR_HTTP_ENDPOINT") + "/v1.0/state/statestore"
		if resp, err := askState(http.MethodGet, store+"/count", nil); err == nil {
			text, _ := io.ReadAll(resp.Body)
			n, _ = strconv.Atoi(string(text)) // 0: nobody has counted yet
		}
		value := strconv.Itoa(n + 1)
		if how == "writes a gigabyte" {
			value = strconv.Quote(strings.Repeat("x", 1<<20))
		}
		for i := 0; i == 0 || how == "writes a gigabyte"; i++ {
			key := "count"
			if how == "writes a gigabyte" {
				key = "key" + strconv.Itoa(i)
			}
			body := strings.NewReader(fmt.Sprintf(`[{"key":%q,"value":%s}]`, key, value))
			resp, err := askState(http.MethodPost, store, body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			if resp.StatusCode != http.StatusNoContent {
				text, _ := io.ReadAll(resp.Body)
				http.Error(w, fmt.Sprintf("%d %s", resp.StatusCode, text), http.StatusInternalServerError)
				return
			}
		}
		fmt.Fprintf(w, "%d[%s|%s]", n+1, r.Header.Get("Ce-Testbedlengths"), argument[:min(len(argument), 60)])
	}
	fmt.Fprintln(os.Stderr, http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(handler)))
	os.Exit(1)
}

// testPrograms are programs of the test's binary, by function.
func testPrograms(t *testing.T, how string, names ...string) []function.Program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var all []function.Program
	for _, name := range names {
		all = append(all, function.Program{Name: name, Command: []string{"program"}, Path: self, Dir: t.TempDir(),
			Timeout: testenv.Patience, Env: []string{programEnv + "=" + how}})
	}
	return all
}

// install tells all agents of programs, and of none in the end.
func (c *cluster) install(t *testing.T, programs []function.Program) {
	t.Helper()
	for _, client := range c.clients {
		if err := client.Programs(t.Context(), programs); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := client.Programs(t.Context(), nil); err != nil && t.Context().Err() == nil {
				t.Error(err)
			}
		})
	}
}

// pipeline is a job whose last function takes what the two before have answered.
func pipeline() []workload.Job {
	return []workload.Job{{Name: "j_1", States: []int64{100}, Tasks: []workload.Task{
		{Function: "f1", Argument: 5, States: []int{0}},
		{Function: "f1", Argument: 5, States: []int{0}, After: []int{0}},
		{Function: "f2", Argument: 5, States: []int{0}, After: []int{0, 1}},
	}}}
}

// TestUsersPrograms: processes that an agent has started are invoked, with files and with what others have answered,
// and give the same under the four models.
func TestUsersPrograms(t *testing.T) {
	c := newCluster(t, Allotted)
	c.install(t, testPrograms(t, "counts", "f1", "f2"))
	file := []byte("a file")
	sum := sha256.Sum256(file)
	key := hex.EncodeToString(sum[:])
	if err := c.clients[0].Payload(t.Context(), key, file); err != nil {
		t.Fatal(err)
	}
	for _, m := range plan.Study {
		spec := c.programSpec(t, pipeline(), m, 1, 1, 1)
		spec.Invocations[0].Payload = key
		spec.Invocations[1].Previous, spec.Invocations[2].Previous = true, true
		result, lost := c.carryOut(t, spec)
		if result.Error != "" || lost != nil {
			t.Fatalf("%s: %s, %v", m, result.Error, lost)
		}
		last := result.Programs[2]
		// 1[|a file], then 2[|1[|a file]], then 3[LENGTHS|both]
		first, second := "1[|a file]", "2[|1[|a file]]"
		third := fmt.Sprintf("3[%d,%d|%s%s]", len(first), len(second), first, second)
		if last.Digest != DigestOf([]byte(third)) || last.Argument != int64(len(first)+len(second)) ||
			last.Result != int64(len(third)) {
			t.Errorf("%s: %+v, want the digest of %s", m, last, third)
		}
		if err := spec.Clean(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
	}
	for _, client := range c.clients {
		if err := client.Programs(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	c.left(t)
}

// TestCrashOfAProgram: the chain's error says how the program ended, and a new instance serves the next.
func TestCrashOfAProgram(t *testing.T) {
	c := newCluster(t, Allotted)
	c.install(t, testPrograms(t, "crashes once", "f1", "f2"))
	for i, content := range []string{"!", "."} {
		sum := sha256.Sum256([]byte(content))
		key := hex.EncodeToString(sum[:])
		if err := c.clients[0].Payload(t.Context(), key, []byte(content)); err != nil {
			t.Fatal(err)
		}
		spec := c.programSpec(t, pipeline(), plan.InEdge, 1, 1, 1)
		spec.Invocations[0].Payload = key
		result, _ := c.carryOut(t, spec)
		wrong := "function f1 on node 1: its instance has ended during the invocation: exit status 7; " +
			"the last that it printed: out of luck"
		if crashed := strings.Contains(result.Error, wrong); crashed != (i == 0) || i == 1 && result.Error != "" {
			t.Errorf("%q: %q", content, result.Error)
		}
		if err := spec.Clean(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHungUpOn: whoever goes before his invocation has ended does not make that of another fail, which comes to the
// instance that ends for it.
func TestHungUpOn(t *testing.T) {
	c := newCluster(t, Allotted)
	c.install(t, testPrograms(t, "echoes", "f1"))
	p := c.agents[1].installed
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for p.all["f1"].pool.Stats().Starts < 20 {
		left := make(chan error, 1)
		go func() {
			_, err := p.invoke(gone, &call{function: "f1"}, nil, nil)
			left <- err
		}()
		for waits := true; waits; {
			select {
			case err := <-left:
				if waits = false; !errors.Is(err, context.Canceled) {
					t.Fatalf("nobody waits for it: %v", err)
				}
			default:
			}
			if _, err := p.invoke(t.Context(), &call{function: "f1"}, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestProgramWritesTooMuch: what a state may have is bounded, and the program is told so.
func TestProgramWritesTooMuch(t *testing.T) {
	c := newClusterWhere(t, Allotted, nil, 32<<20, 32<<20)
	c.install(t, testPrograms(t, "writes a gigabyte", "f1", "f2"))
	spec := c.programSpec(t, pipeline(), plan.InFunction, 1, 1, 1)
	result, _ := c.carryOut(t, spec)
	if !strings.Contains(result.Error, "it answered 500 Internal Server Error") || !strings.Contains(result.Error, "413") {
		t.Error(result.Error)
	}
	if err := spec.Clean(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
}

// TestProgramsThatCannotBeInstalled: the controller is told why, and none is left.
func TestProgramsThatCannotBeInstalled(t *testing.T) {
	c := newCluster(t, Allotted)
	good := testPrograms(t, "counts", "f1", "f2")
	for reason, spoil := range map[string]func(*function.Program){
		"neither a command nor an image": func(p *function.Program) { p.Command = nil },
		"f1 is there twice":              func(p *function.Program) { p.Name = "f1" },
		"no such file":                   func(p *function.Program) { p.Path += "-no-more" },
		"not absolute":                   func(p *function.Program) { p.Dir = "." },
		"a timeout of 0s":                func(p *function.Program) { p.Timeout = 0 },
	} {
		programs := slices.Clone(good)
		spoil(&programs[1])
		if err := c.clients[1].Programs(t.Context(), programs); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%v, want %s", err, reason)
		}
	}
	if err := c.clients[1].Payload(t.Context(), "abc", nil); err == nil {
		t.Error("a key that is no hash is accepted")
	}
}

// TestWishes: an agent that cannot start containers wishes for them at the controller.
func TestWishes(t *testing.T) {
	c := newCluster(t, Allotted)
	programs := testPrograms(t, "counts", "f1")
	programs[0].Command, programs[0].Image = nil, "me/f1"
	done := make(chan error, 1)
	go func() { done <- c.clients[1].Programs(t.Context(), programs) }()
	wishes, err := c.clients[1].Wishes(t.Context())
	if err != nil || len(wishes) != 1 || wishes[0].Image != "me/f1" || wishes[0].Name != "f1" {
		t.Fatalf("%+v, %v", wishes, err)
	}
	port := ""
	for _, e := range wishes[0].Env {
		if value, is := strings.CutPrefix(e, "PORT="); is {
			port = value
		}
	}
	server := &http.Server{Addr: "127.0.0.1:" + port, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "from a container") })}
	go func() { _ = server.ListenAndServe() }()
	defer server.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	spec := c.programSpec(t, []workload.Job{{Name: "j_1", States: []int64{1}, Tasks: []workload.Task{
		{Function: "f1", Argument: 5, States: []int{0}}}}}, plan.InFunction, topology.ID(1))
	result, _ := c.carryOut(t, spec)
	if result.Error != "" || result.Programs[0].Digest != DigestOf([]byte("from a container")) {
		t.Errorf("%+v", result)
	}
	go func() { done <- c.clients[1].Programs(t.Context(), nil) }()
	stop, err := c.clients[1].Wishes(t.Context())
	if err != nil || len(stop) != 1 || !stop[0].Stop || stop[0].ID != wishes[0].ID {
		t.Fatalf("%+v, %v", stop, err)
	}
	ended := function.Fulfilled{Ended: true, How: "exit status 0"}
	if err := c.clients[1].Fulfil(t.Context(), stop[0].ID, ended); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	// One that cannot be started.
	go func() { done <- c.clients[1].Programs(t.Context(), programs) }()
	if wishes, err = c.clients[1].Wishes(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended.How = "the engine has no image me/f1"
	if err := c.clients[1].Fulfil(t.Context(), wishes[0].ID, ended); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), ended.How) {
		t.Errorf("an image that is not there: %v", err)
	}
}

// TestScaledPrograms: a program's instances start when they are needed and end when they are not, and a chain tells how
// long it waited.
func TestScaledPrograms(t *testing.T) {
	c := newCluster(t, Allotted)
	programs := testPrograms(t, "counts", "f1", "f2")
	for i := range programs {
		programs[i].Scaled = true
	}
	c.install(t, programs)
	for _, m := range plan.Study {
		r := rule(m)
		r.Lives = scaled(instance.Limits{Max: 2, Concurrency: 1, KeepAlive: time.Hour}, 0)
		jobs := pipeline()
		for i := range jobs[0].Tasks {
			jobs[0].Tasks[i].Program = true
		}
		for i, spec := range c.scaledSpecs(t, jobs, r, placed(1, 1, 1), 2) {
			result, lost := c.carryOut(t, spec)
			if result.Error != "" || lost != nil {
				t.Fatalf("%s: %s, %v", m, result.Error, lost)
			}
			if want := []int{2, 0}[i]; result.Starts() != want { // f1 and f2
				t.Errorf("%s, chain %d: %d starts, want %d", m, i, result.Starts(), want)
			}
			if err := spec.Clean(t.Context(), c.client); err != nil {
				t.Fatal(err)
			}
		}
	}
}
