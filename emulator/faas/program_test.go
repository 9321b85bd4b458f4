package faas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/faas/keyspace"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// goPrograms are programs that are a function of Go each: they speak HTTP with the state API, but nobody starts them.
type goPrograms func(c *call, argument []byte, state *stateAPI) ([]byte, error)

func (p goPrograms) invoke(_ context.Context, c *call, argument []byte, session *dapr.Session) ([]byte, error) {
	return p(c, argument, &stateAPI{dapr.Handler(c.function, func(*http.Request) (*dapr.Session, error) {
		return session, nil
	})})
}

// stateAPI is what a program asks for its state.
type stateAPI struct{ http.Handler }

func (s *stateAPI) ask(method, path, body string) (status int, etag, text string) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, "/v1.0/state/"+path, strings.NewReader(body)))
	return w.Code, w.Header().Get("ETag"), w.Body.String()
}

// count adds 1 to a key of a store, and the function's name to another one, and returns the sum.
func (s *stateAPI) count(store, function string) (int, error) {
	_, etag, text := s.ask("GET", store+"/count", "")
	n, _ := strconv.Atoi(text) // 0: nobody has counted yet
	_, _, who := s.ask("GET", store+"/who", "")
	who = strings.Trim(who, `"`) + function
	body := fmt.Sprintf(`[{"key":"count","value":%d,"etag":%q},{"key":"who","value":%q}]`, n+1, etag, who)
	if status, _, text := s.ask("POST", store, body); status != http.StatusNoContent {
		return 0, fmt.Errorf("%d %s", status, text)
	}
	return n + 1, nil
}

// counter counts in each state of its call, and returns the sums in some bytes more than it was given.
func counter(c *call, argument []byte, state *stateAPI) ([]byte, error) {
	result := fmt.Appendf(nil, "%d", len(argument))
	for i := range c.states {
		n, err := state.count(dapr.StoreName(i), c.function)
		if err != nil {
			return nil, err
		}
		result = fmt.Appendf(result, " %d", n)
	}
	return result, nil
}

// programSpec is a chain all of whose functions are programs.
func (c *cluster) programSpec(t testing.TB, jobs []workload.Job, m plan.Model, nodes ...topology.ID) *ChainSpec {
	t.Helper()
	jobs = slices.Clone(jobs)
	for i := range jobs {
		jobs[i].Tasks = slices.Clone(jobs[i].Tasks)
		for k := range jobs[i].Tasks {
			jobs[i].Tasks[k].Program = true
		}
	}
	return c.spec(t, jobs, m, placed(nodes...))
}

// left says what chains have left at the agents.
func (c *cluster) left(t testing.TB) {
	t.Helper()
	for i, a := range c.agents {
		if s := a.Stats(); s.States != 0 || s.Bytes != 0 {
			t.Errorf("agent %d keeps %d states, and %d bytes are in use", i, s.States, s.Bytes)
		}
	}
}

// The keys of states are counted while an invocation has them, for what they take in memory and not in a blob.
func TestProgramsKeysAreCounted(t *testing.T) {
	const keys = 3000
	var agents atomic.Pointer[cluster]
	var least, rounds atomic.Int64
	c := newClusterOf(t, Allotted, nil, goPrograms(func(call *call, argument []byte, state *stateAPI) ([]byte, error) {
		rounds.Add(1)
		var used int64
		for _, a := range agents.Load().agents {
			used = max(used, a.pools.budget.inUse())
		}
		have, _, _ := state.ask("GET", dapr.DefaultStore+"/0", "")
		if have == http.StatusOK {
			least.Store(used)
			return argument, nil
		}
		var items strings.Builder
		for i := range keys {
			fmt.Fprintf(&items, `,{"key":"%d","value":1}`, i)
		}
		status, _, text := state.ask("POST", dapr.DefaultStore, "["+items.String()[1:]+"]")
		if status != http.StatusNoContent {
			return nil, fmt.Errorf("%d %s", status, text)
		}
		return argument, nil
	}))
	agents.Store(c)
	spec := c.programSpec(t, job(), plan.External, 1, 1, 1, 1)
	result, lost := c.carryOut(t, spec)
	if result.Error != "" || lost != nil || rounds.Load() < 2 {
		t.Fatalf("%d invocations: %s, %v", rounds.Load(), result.Error, lost)
	}
	if least := least.Load(); least < keys*keyspace.KeyBytes {
		t.Errorf("%d bytes are in use while an invocation has %d keys", least, keys)
	}
	if err := spec.Clean(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
	c.left(t)
}

// A program does not know where its states are: results, sizes and states are the same under the four models.
func TestProgramsInAllModels(t *testing.T) {
	c := newClusterOf(t, Allotted, nil, goPrograms(counter))
	results, states := map[string]bool{}, map[string]bool{}
	for _, nodes := range [][]topology.ID{{1, 1, 1, 1}, {0, 0, 0, 0}, {1, 2, 0, central}} {
		for _, m := range plan.Study {
			if m == plan.InFunction && nodes[0] != nodes[1] {
				continue // each worker has a state of its own
			}
			spec := c.programSpec(t, job(), m, nodes...)
			result, lost := c.carryOut(t, spec)
			if result.Error != "" || lost != nil || result.Conflicts != 0 || result.Retries() != 0 {
				t.Fatalf("%s: error %q, check %v, %d conflicts, %d retries", m, result.Error, lost, result.Conflicts,
					result.Retries())
			}
			verifySteps(t, spec, result)
			results[fmt.Sprint(result.Programs)] = true
			checks, err := spec.Check(t.Context(), c.client)
			if err != nil {
				t.Fatal(err)
			}
			states[checks[0].Digest+" "+checks[1].Digest] = true
			if err := spec.Clean(t.Context(), c.client); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(results) != 1 || len(states) != 1 {
		t.Errorf("results that ought to be the same: %v\nstates: %v", results, states)
	}
	c.left(t)
	want := keyspace.New(0)
	_ = want.Set("count", []byte("3"))
	_ = want.Set("who", []byte(`"f1f2f 4/ü"`))
	for digests := range states {
		if first, _, _ := strings.Cut(digests, " "); first != want.Digest() {
			t.Errorf("state 0 has the digest %s, not %s", first, want.Digest())
		}
	}
}

// What is told of a program is what it did.
func TestProgramResults(t *testing.T) {
	c := newClusterOf(t, Allotted, nil, goPrograms(counter))
	for _, m := range []plan.Model{plan.InClient, plan.External} {
		spec := c.programSpec(t, job(), m, 1, 2, 1, 2)
		result, _ := c.carryOut(t, spec)
		if len(result.Programs) != 4 {
			t.Fatalf("%d programs are told of: %s", len(result.Programs), result.Error)
		}
		sizes := map[int]int64{}
		for i, p := range result.Programs {
			inv := &spec.Invocations[i]
			text := fmt.Sprint(inv.Argument)
			request, response := inv.Argument, int64(0)
			var read, wrote []int64
			for k, s := range p.States {
				text += fmt.Sprintf(" %d", map[int][]int{0: {1, 2, 0, 3}, 1: {0, 1, 2, 3}}[s.State][i])
				if s.State != inv.States[k].State || s.Read != sizes[s.State] || s.Written <= s.Read {
					t.Errorf("%s: invocation %d: %+v, where the state had %d bytes", m, i, s, sizes[s.State])
				}
				sizes[s.State] = s.Written
				if m == plan.InClient {
					request, response = request+s.Read, response+s.Written
				} else {
					read, wrote = append(read, s.Read), append(wrote, s.Written)
				}
			}
			if p.Digest != DigestOf([]byte(text)) || p.Result != int64(len(text)) || p.Argument != inv.Argument {
				t.Errorf("%s: invocation %d: %+v, want the result %q", m, i, p, text)
			}
			want := map[plan.Role][]int64{plan.Request: {request}, plan.Response: {response + p.Result}}
			if read != nil {
				want[plan.Read], want[plan.Write] = read, wrote
			}
			if got := p.Moved(inv); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: invocation %d moved %v, want %v", m, i, got, want)
			}
		}
	}
}

// colliding are counters of which those in a diamond's branches have both read before one of them writes.
func colliding(jobs []workload.Job) goPrograms {
	var branches []string
	for i, task := range jobs[0].Tasks {
		if len(task.After) == 1 && slices.Contains(jobs[0].Tasks[len(jobs[0].Tasks)-1].After, i) {
			branches = append(branches, task.Function)
		}
	}
	m := meeting{there: make(chan struct{})}
	return func(c *call, argument []byte, s *stateAPI) ([]byte, error) {
		result, err := counter(c, argument, s)
		if slices.Contains(branches, c.function) {
			m.come()
		}
		return result, err
	}
}

// diamondOfTwo is a diamond whose tasks all use two states.
func diamondOfTwo() []workload.Job {
	jobs := diamond(true)
	jobs[0].States = append(slices.Clone(jobs[0].States), 5)
	jobs[0].Tasks = slices.Clone(jobs[0].Tasks)
	for i := range jobs[0].Tasks {
		if len(jobs[0].Tasks[i].States) > 0 {
			jobs[0].Tasks[i].States = []int{0, 1}
		}
	}
	return jobs
}

// meeting lets the first two that come to it go on when both are there.
type meeting struct {
	mu    sync.Mutex
	came  int
	there chan struct{}
}

func (m *meeting) come() {
	m.mu.Lock()
	m.came++
	n := m.came
	m.mu.Unlock()
	if n == 2 {
		close(m.there)
	}
	if n <= 2 {
		<-m.there
	}
}

// Two branches have read the same states: the program of the slower one works again, on what the other has made.
func TestProgramsThatCollide(t *testing.T) {
	for name, jobs := range map[string][]workload.Job{"one state": diamond(true), "two states": diamondOfTwo()} {
		for model, nodes := range map[plan.Model][]topology.ID{
			plan.External: {1, 1, 2, 1}, plan.InEdge: {central, central, central, central}, plan.InFunction: {1, 1, 1, 1},
		} {
			t.Run(name+"/"+string(model), func(t *testing.T) {
				c := newClusterOf(t, Allotted, nil, colliding(jobs))
				spec := c.programSpec(t, jobs, model, nodes...)
				result, lost := c.carryOut(t, spec)
				if result.Error != "" || lost != nil || result.Conflicts != 0 || result.Retries() != 1 {
					t.Fatalf("error %q, check %v, %d conflicts, %d retries", result.Error, lost, result.Conflicts,
						result.Retries())
				}
				if err := spec.Clean(t.Context(), c.client); err != nil {
					t.Fatal(err)
				}
				c.left(t)
			})
		}
	}
}

// Wherever a repository keeps states, all of a program's are written or none.
func TestProgramsThatCollideOnStores(t *testing.T) {
	for _, kept := range allStores[:2] {
		jobs := diamondOfTwo()
		for i := range jobs[0].Tasks {
			jobs[0].Tasks[i].Program = true
		}
		c, store := onStoreOf(t, kept, colliding(jobs))
		built := rule(plan.External).Build(jobs, 0, placed(1, 1, 2, 1),
			plan.Sites{Cloud: cloud, Central: central, Store: store}, plan.ByWorker)
		spec, err := NewChainSpec(built, c.addr, "run/external/0")
		if err != nil {
			t.Fatal(err)
		}
		result, lost := c.carryOut(t, spec)
		if result.Error != "" || lost != nil || result.Retries() != 1 {
			t.Fatalf("%s: error %q, check %v, %d retries", kept.name, result.Error, lost, result.Retries())
		}
		checks, err := spec.Check(t.Context(), c.client)
		if err != nil {
			t.Fatal(err)
		}
		last := result.Programs[len(result.Programs)-1]
		counted := fmt.Sprintf("%d %d %d", last.Argument, checks[0].Want, checks[1].Want)
		if last.Digest != DigestOf([]byte(counted)) || checks[0].Digest != checks[1].Digest {
			t.Errorf("%s: the last has not counted %q, or states differ: %+v", kept.name, counted, checks)
		}
		if err := spec.Clean(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
		c.left(t)
	}
}

// Chains at the same time use states that outlive them: no count is lost, whoever keeps them, and a program finds them
// by their names.
func TestProgramsWithLastingStates(t *testing.T) {
	const chains = 8
	named := func(c *call, argument []byte, state *stateAPI) ([]byte, error) {
		if _, err := state.count("profile", "p"); err != nil {
			return nil, err
		}
		return argument, nil
	}
	digests := map[string]bool{}
	for _, model := range plan.Study {
		c := newClusterOf(t, Allotted, nil, goPrograms(named))
		jobs := []workload.Job{{Name: "j", States: []int64{7}, Tasks: []workload.Task{
			{Function: "f", States: []int{0}, Argument: 9}, {Function: "g", After: []int{0}, States: []int{0}},
		}}}
		key := "run/" + string(model) + "/lasting/3"
		specs := make([]*ChainSpec, chains)
		for i := range specs {
			specs[i] = c.programSpec(t, jobs, model, 1, 1)
			specs[i].Key = fmt.Sprintf("run/%s/%d", model, i)
			specs[i].Lasting = []string{key}
			specs[i].nameStores([]string{"profile"})
		}
		place := specs[0].LastingPlaces()[0]
		if !place.Program || place.Touches != 2 {
			t.Fatalf("%+v", place)
		}
		if err := c.client(place.Node).Seed(t.Context(), key, place.Bytes); err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for _, spec := range specs {
			wait.Go(func() {
				if r, err := Run(t.Context(), spec, c.client); err != nil || r.Error != "" || r.Conflicts != 0 {
					t.Errorf("%s: %v, %+v", model, err, r)
				}
			})
		}
		wait.Wait()
		v, err := c.client(place.Node).Check(t.Context(), key)
		check := StateCheck{State: 0, Want: 2 * chains, Intact: true}
		if check.Add(v, place); err != nil || check.Err() != nil {
			t.Errorf("%s: %v, %v", model, err, check.Err())
		}
		digests[check.Digest] = true
		if err := c.client(place.Node).Clean(t.Context(), "run/"); err != nil {
			t.Fatal(err)
		}
		c.left(t)
	}
	if len(digests) != 1 {
		t.Errorf("%d contents of one state: %v", len(digests), digests)
	}
}

// A program that fails ends its chain with the reason, and has changed nothing; so has one that writes too much.
func TestProgramsThatFail(t *testing.T) {
	programs := map[string]goPrograms{
		"it has crashed": func(c *call, argument []byte, s *stateAPI) ([]byte, error) {
			_, _ = counter(c, argument, s)
			return nil, errors.New("it has crashed")
		},
		"413": func(c *call, _ []byte, s *stateAPI) ([]byte, error) {
			large := strings.Repeat("x", 1<<20)
			status, _, text := s.ask("POST", dapr.DefaultStore, `[{"key":"k","value":"`+large+`"}]`)
			return nil, fmt.Errorf("%d %s", status, text)
		},
	}
	for reason, own := range programs {
		for _, m := range plan.Study {
			c := newClusterOf(t, Allotted, nil, own, 2<<20, 2<<20, 2<<20)
			spec := c.programSpec(t, job(), m, 1, 1, 1, 1)
			result, lost := c.carryOut(t, spec)
			if !strings.Contains(result.Error, reason) || lost == nil {
				t.Errorf("%s: error %q, check %v", m, result.Error, lost)
			}
			checks, err := spec.Check(t.Context(), c.client)
			if err != nil || checks[0].Have != 0 || checks[0].Digest != keyspace.New(0).Digest() {
				t.Errorf("%s: %v, %+v", m, err, checks)
			}
			if err := spec.Clean(t.Context(), c.client); err != nil {
				t.Fatal(err)
			}
			c.left(t)
		}
	}
	c := newCluster(t, Allotted)
	result, _ := c.carryOut(t, c.programSpec(t, job(), plan.InEdge, 1, 2, 1, 2))
	if !strings.Contains(result.Error, "function f1 is a program, and this agent was told of none") {
		t.Errorf("without programs: %q", result.Error)
	}
}

// What cannot be carried out with programs is refused, with the remedy.
func TestProgramsRefused(t *testing.T) {
	c := newCluster(t, Allotted)
	for reason, spoil := range map[string]func(*ChainSpec){
		"make all of its functions programs": func(s *ChainSpec) { s.Invocations[0].Program = false },
		"give it one state":                  func(s *ChainSpec) { s.Invocations[3].States[1].Repository = "10.0.0.1:80" },
		"state-access: worker":               func(s *ChainSpec) { s.Invocations[0].States[0].ByClient = true },
		"orchestration: client":              func(s *ChainSpec) { s.Model = plan.PureFaaS },
		"is not allowed":                     func(s *ChainSpec) { s.Invocations[0].States[0].Store = "a;b" },
	} {
		spec := c.programSpec(t, job(), plan.InEdge, 1, 2, 1, 2)
		spoil(spec)
		if err := spec.validate(); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// A state whose content is no key space, or does not fit its checksum, is not handed to a program.
func TestCorruptKeySpace(t *testing.T) {
	c := newClusterOf(t, Allotted, nil, goPrograms(counter))
	for name, sum := range map[string]uint32{"sum": checksum(nil), "content": checksum([]byte("??"))} {
		spec := c.programSpec(t, job(), plan.External, 1, 2, 1, 2)
		if err := spec.Seed(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
		content := c.agents[cloud].pools.get(2)
		copy(content.data, "??")
		if err := c.agents[cloud].states.put(spec.stateKey(0), 0, value{content, 0, sum}); err != nil {
			t.Fatal(err)
		}
		result, err := Run(t.Context(), spec, c.client)
		if err != nil || !strings.Contains(result.Error, errCorrupt.Error()) {
			t.Errorf("%s: %v, %+v", name, err, result)
		}
	}
	if n := c.agents[1].Stats().Corrupt; n != 2 {
		t.Errorf("%d corrupt contents are counted", n)
	}
}
