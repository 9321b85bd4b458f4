package faas

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// kept is a store as the suite below tries it.
type kept struct {
	name  string
	store string // of the catalogue
	redis RedisConfig
}

var allStores = []kept{
	{"builtin", "builtin", RedisConfig{}},
	{"redis", "redis", RedisConfig{}},
	{"redis, aof", "redis", RedisConfig{Persistence: PersistAOF, Fsync: "always"}},
}

// onStore makes a cluster whose second worker, central node and cloud keep states in the store. Each of its agents has
// an address of its own, for Redis has one port.
func onStore(t testing.TB, s kept) (*cluster, *plan.Store) {
	t.Helper()
	return onStoreOf(t, s, goPrograms(counter))
}

// onStoreOf has agents with programs as well.
func onStoreOf(t testing.TB, s kept, own programs) (*cluster, *plan.Store) {
	t.Helper()
	store, err := plan.Stores.Find(catalogue.New(plan.StoreSection()), s.store)
	if err != nil {
		t.Fatal(err)
	}
	if store.Server {
		if _, err := findRedis(redisProgram); err != nil {
			testenv.Missing(t, "there is no Redis server: scripts/setup installs it")
		}
	}
	c, dir := &cluster{}, t.TempDir()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	net := netip.AddrFrom4([4]byte{127, byte(1 + rand.IntN(250)), byte(rand.IntN(256)), 0})
	for i := range 5 {
		net = net.Next()
		config := Config{Node: strconv.Itoa(i), Listen: net.String() + ":0", Control: filepath.Join(dir, strconv.Itoa(i)),
			Speed: 1e6, PasswordFile: password}
		if store.Server && i >= 2 {
			redis := s.redis
			redis.Bind, redis.Dir = net.String(), filepath.Join(dir, "redis-"+strconv.Itoa(i))
			config.Redis = &redis
		}
		a, err := startWith(config, defaultLimits(), nextVersion, own)
		if err != nil {
			t.Fatal(err)
		}
		client := NewClient(config.Control)
		t.Cleanup(func() { client.Close(); a.Close() })
		c.agents, c.clients = append(c.agents, a), append(c.clients, client)
	}
	told := &Known{}
	for i, a := range c.agents {
		if a.redis != nil {
			told.Redis = append(told.Redis, c.repository(&store, topology.ID(i)))
		}
	}
	for _, client := range c.clients {
		if err := client.Tell(t.Context(), told, true); err != nil {
			t.Fatal(err)
		}
	}
	return c, &store
}

// at is the address of a node's repository.
func (c *cluster) repository(s *plan.Store, node topology.ID) string {
	if s.Server {
		return s.Scheme + netip.AddrPortFrom(c.addr(node).Addr(), s.Port).String()
	}
	return c.addr(node).String()
}

// eachStore runs a test on every store.
func eachStore(t *testing.T, test func(t *testing.T, c *cluster, s *plan.Store)) {
	for _, s := range allStores {
		t.Run(s.name, func(t *testing.T) {
			c, store := onStore(t, s)
			test(t, c, store)
		})
	}
}

// What every store must do: states are made, read, written where the version is the expected one, and forgotten.
func TestStoreConformance(t *testing.T) {
	eachStore(t, func(t *testing.T, c *cluster, s *plan.Store) {
		ctx, address := t.Context(), c.repository(s, cloud)
		keeper, worker := c.clients[cloud], c.agents[1]
		for _, size := range []int64{0, 1, 1448, 300_000, 5_000_000} {
			key := fmt.Sprintf("run/conformance/%d/0", size)
			if err := keeper.Seed(ctx, markedKey(address, key), size); err != nil {
				t.Fatal(err)
			}
			for version := range int64(3) {
				v, _, err := worker.fetch(ctx, address, key, size)
				if err != nil || v.version != version || v.content.size() != size || checksum(v.content.data) != v.sum {
					t.Fatalf("%d bytes: version %d of %d, %v", size, v.version, version, err)
				}
				if v.version, v.sum, err = nextVersion(key, v.content.data, v.version, v.sum); err != nil {
					t.Fatal(err)
				}
				if _, err := worker.store(ctx, address, key, v); err != nil {
					t.Fatal(err)
				}
				if _, err := worker.store(ctx, address, key, v); !errors.Is(err, errConflict) {
					t.Errorf("%d bytes: a write of an old version: %v", size, err)
				}
				v.content.release()
			}
			if _, _, err := worker.fetch(ctx, address, key, size+1); err == nil {
				t.Errorf("%d bytes are read as %d", size, size+1)
			}
			v, err := keeper.Check(ctx, markedKey(address, key))
			if v.Digest = ""; err != nil || v != (StateVersion{Version: 3, Bytes: size, Intact: true}) { // empty: as a program's
				t.Errorf("%d bytes: %+v, %v", size, v, err)
			}
			if err := keeper.Clean(ctx, "run/conformance/"); err != nil {
				t.Fatal(err)
			}
			if _, err := keeper.Check(ctx, markedKey(address, key)); !errors.Is(err, ErrNoState) {
				t.Errorf("a forgotten state: %v", err)
			}
			if _, _, err := worker.fetch(ctx, address, key, size); !errors.Is(err, errMissing) {
				t.Errorf("reading a forgotten state: %v", err)
			}
			lost := value{content: worker.pools.get(size), version: 1}
			if _, err := worker.store(ctx, address, key, lost); !errors.Is(err, errMissing) {
				t.Errorf("writing a forgotten state: %v", err)
			}
		}
	})
}

// Many change one state at the same time: every change is made, once.
func TestStoreUnderContention(t *testing.T) {
	eachStore(t, func(t *testing.T, c *cluster, s *plan.Store) {
		const writers, each, size = 6, 20, 20_000
		ctx, address, key := t.Context(), c.repository(s, central), "run/contention/0/0"
		if err := c.clients[central].Seed(ctx, markedKey(address, key), size); err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for i := range writers {
			wait.Go(func() {
				for range each {
					if err := c.agents[i%3].increment(t, address, key, size); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wait.Wait()
		v, err := c.clients[central].Check(ctx, markedKey(address, key))
		if err != nil || v != (StateVersion{Version: writers * each, Bytes: size, Intact: true}) {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// increment makes the next version of a state, as a worker does.
func (a *Agent) increment(t *testing.T, address, key string, size int64) error {
	v, _, err := a.fetch(t.Context(), address, key, size)
	if err != nil {
		return err
	}
	defer func() { v.content.release() }()
	again := func() (err error) {
		v.version, v.sum, err = nextVersion(key, v.content.data, v.version, v.sum)
		return err
	}
	if err := again(); err != nil {
		return err
	}
	_, _, err = a.commit(t.Context(), address, key, &v, again)
	return err
}

// The models whose states are in a repository do the same on every store.
func TestModelsOnStores(t *testing.T) {
	eachStore(t, func(t *testing.T, c *cluster, s *plan.Store) {
		sites := plan.Sites{Cloud: cloud, Central: central, Store: s}
		for _, v := range []variant{{plan.External, plan.ByWorker}, {plan.External, plan.ByClient},
			{plan.InEdge, plan.ByWorker}, {plan.InEdge, plan.ByClient}, {plan.InFunction, plan.ByWorker},
			{plan.InClient, plan.ByWorker}} {
			for seed := range uint64(6) {
				r := rand.New(rand.NewPCG(seed, 16))
				jobs := []workload.Job{randomJob(r, 12, seed%2 == 0)}
				nodes := make([]topology.ID, jobs[0].Length())
				for i := range nodes {
					nodes[i] = topology.ID(r.IntN(5))
				}
				place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{nodes}}
				built := rule(v.model).Build(jobs, 0, place, sites, v.access)
				spec, err := NewChainSpec(built, c.addr, "run/"+string(v.model)+"/0")
				if err != nil {
					t.Fatal(err)
				}
				result, lost := c.carryOutAny(t, spec)
				if result.Error != "" || lost != nil || result.Conflicts != 0 {
					t.Fatalf("%v, seed %d: error %q, conflicts %d, check %v", v, seed, result.Error, result.Conflicts, lost)
				}
				if err := spec.Clean(t.Context(), c.client); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, a := range c.agents {
			if n := a.Stats().States; n != 0 {
				t.Errorf("agent %d keeps %d states", i, n)
			}
		}
	})
}

// Programs find and leave the same in every store, several states of an invocation at once.
func TestProgramsOnStores(t *testing.T) {
	var digests []string
	eachStore(t, func(t *testing.T, c *cluster, s *plan.Store) {
		jobs := job()
		for k := range jobs[0].Tasks {
			jobs[0].Tasks[k].Program = true
		}
		for _, m := range []plan.Model{plan.External, plan.InEdge} {
			sites := plan.Sites{Cloud: cloud, Central: central, Store: s}
			built := rule(m).Build(jobs, 0, placed(1, 2, central, 1), sites, plan.ByWorker)
			spec, err := NewChainSpec(built, c.addr, "run/"+string(m)+"/0")
			if err != nil {
				t.Fatal(err)
			}
			result, lost := c.carryOutAny(t, spec)
			if result.Error != "" || lost != nil || result.Retries() != 0 {
				t.Fatalf("%s: error %q, check %v", m, result.Error, lost)
			}
			checks, err := spec.Check(t.Context(), c.client)
			if err != nil || len(checks) != 2 {
				t.Fatal(checks, err)
			}
			digests = append(digests, checks[0].Digest+" "+checks[1].Digest)
		}
	})
	for _, d := range digests {
		if d != digests[0] {
			t.Errorf("states differ: %v", digests)
		}
	}
}

// carryOutAny is carryOut of a chain that need not have a state.
func (c *cluster) carryOutAny(t testing.TB, spec *ChainSpec) (*ChainResult, error) {
	t.Helper()
	if err := spec.Seed(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), spec, c.client)
	if err != nil {
		t.Fatal(err)
	}
	checks, err := spec.Check(t.Context(), c.client)
	if err != nil {
		t.Fatal(err)
	}
	var errs []error
	for _, check := range checks {
		errs = append(errs, check.Err())
	}
	return result, errors.Join(errs...)
}

// A Redis server is killed again and again while its states are written. With every write in its log before it is
// answered none that was acknowledged is lost, and none is made twice.
func TestRedisKilledUnderLoad(t *testing.T) {
	for _, fsync := range []string{"always", "everysec"} {
		t.Run(fsync, func(t *testing.T) {
			s := kept{"redis", "redis", RedisConfig{Persistence: PersistAOF, Fsync: fsync}}
			c, store := onStore(t, s)
			const kills, writers, size = 20, 4, 3000
			address, server := c.repository(store, cloud), c.agents[cloud].redis
			acknowledged := make([]atomic.Int64, writers)
			for i := range writers {
				if err := c.clients[cloud].Seed(t.Context(), markedKey(address, killedKey(i)), size); err != nil {
					t.Fatal(err)
				}
			}
			done := make(chan struct{})
			var wait sync.WaitGroup
			for i := range writers {
				wait.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
						}
						if err := c.agents[i%3].increment(t, address, killedKey(i), size); err != nil {
							t.Error(err)
							return
						}
						acknowledged[i].Add(1)
					}
				})
			}
			for n := range int64(kills) {
				time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
				server.kill()
				for server.restarts.Load() <= n {
					time.Sleep(time.Millisecond)
				}
			}
			close(done)
			wait.Wait()
			for i := range writers {
				v, err := c.clients[cloud].Check(t.Context(), markedKey(address, killedKey(i)))
				want := StateVersion{Version: acknowledged[i].Load(), Bytes: size, Intact: true}
				// Where a disk is busy, everysec answers before it has written, for two seconds.
				if lost := want.Version - v.Version; fsync == "everysec" && lost > 0 {
					t.Logf("state %d: %d of %d versions are lost", i, lost, want.Version)
					want.Version = v.Version
				}
				if err != nil || v != want {
					t.Errorf("state %d: %+v, %v; want %+v", i, v, err, want)
				}
			}
			if n := c.agents[cloud].Stats().Restarts; n != kills {
				t.Errorf("%d restarts are told of", n)
			}
		})
	}
}

func killedKey(i int) string { return fmt.Sprintf("run/killed/0/%d", i) }

// What a Redis server without a log loses when it is killed, the check says, state by state.
func TestRedisWithoutLogLosesAndSaysSo(t *testing.T) {
	for _, persistence := range []string{PersistNone, PersistRDB} {
		t.Run(persistence, func(t *testing.T) {
			c, store := onStore(t, kept{"redis", "redis", RedisConfig{Persistence: persistence}})
			sites := plan.Sites{Cloud: cloud, Central: central, Store: store}
			built := rule(plan.External).Build(job(), 0, placed(1, 2, 1, 2), sites, plan.ByWorker)
			spec, err := NewChainSpec(built, c.addr, "run/external/0")
			if err != nil {
				t.Fatal(err)
			}
			if result, lost := c.carryOut(t, spec); result.Error != "" || lost != nil {
				t.Fatalf("error %q, check %v", result.Error, lost)
			}
			server := c.agents[cloud].redis
			server.kill()
			for server.restarts.Load() == 0 {
				time.Sleep(time.Millisecond)
			}
			checks, err := spec.Check(t.Context(), c.client)
			if err != nil {
				t.Fatal(err)
			}
			for _, check := range checks {
				if check.Missing != 1 || check.Want != 3 || check.Have != 0 {
					t.Errorf("%+v", check)
				}
			}
		})
	}
}

// A repository without its program says what is missing.
func TestNoRedisServerIsAnError(t *testing.T) {
	config := Config{Node: "n", Listen: "127.0.0.1:0", Speed: 1, Redis: &RedisConfig{
		Command: []string{"no-such-redis-server"}, Dir: t.TempDir()}}
	if a, err := Start(config); err == nil {
		a.Close()
		t.Fatal("it starts")
	} else if !errors.Is(err, exec.ErrNotFound) {
		t.Error(err)
	}
}
