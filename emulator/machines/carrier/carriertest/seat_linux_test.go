package carriertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/engines"
	"testbed/emulator/machines/carrier/swarm"
	"testbed/emulator/machines/control"
	"testbed/emulator/machines/seat"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/remote"
)

// seated is a suite whose agents are kept by a process.
type seated struct {
	*suite
	config seat.Config
}

// newSeated is the suite for a testbed, of the engines' carrier or of the Swarm's.
func newSeated(t *testing.T, testbed, of string) *seated {
	t.Helper()
	at := testenv.NewMachines(t)
	s := &seated{suite: &suite{T: t, at: at, testbed: testbed}}
	if of == swarm.Name {
		s.carrier = swarmOf(t, at)
		loadEverywhere(t, at)
		t.Setenv("DOCKER_HOST", at.Engine(1)) // the process finds the manager by it
	} else {
		s.carrier = enginesOf(t, at)
	}
	s.config = seat.Config{Testbed: testbed, Dir: filepath.Join(t.TempDir(), "records"), Carrier: of,
		Machines: s.machines(), Dirs: dirs(at), Programs: programs(at), Key: filepath.Join(t.TempDir(), "key")}
	text, err := s.secret().MarshalText()
	if err == nil {
		err = os.WriteFile(s.config.Key, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if of == swarm.Name {
		s.config.Listen = here
	}
	t.Cleanup(s.nothingIsLeft)
	t.Cleanup(func() {
		if err := seat.End(context.Background(), s.config.Dir, testbed); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(s.config.Dir, "seat.log"))
			t.Logf("seat.log:\n%s", log)
		}
	})
	return s
}

// secretIn knows the secret in a file, as that of all testbeds: the process is another one than the tests', and has
// another key.
func secretIn(_, path string) remote.Secrets {
	return remote.Secrets{Of: func(string, string) []noderuntime.Secret {
		var secret noderuntime.Secret
		text, err := os.ReadFile(path)
		if err != nil || secret.UnmarshalText(text) != nil {
			return nil
		}
		return []noderuntime.Secret{secret}
	}}
}

// program starts the test binary as the process.
func (s *seated) program() (program.Program, []string) {
	return program.At("/proc/self/exe"), []string{seat.Command}
}

func (s *seated) start() *seat.Seat {
	s.Helper()
	p, args := s.program()
	var phases []string
	started, err := seat.Start(context.Background(), p, args, s.config, func(p string) { phases = append(phases, p) })
	if err != nil {
		s.Fatal(err)
	}
	if len(phases) == 0 {
		s.Error("no progress was told")
	}
	return started
}

// runtime is that of a machine.
func (s *seated) runtime(of *seat.Seat, i int) noderuntime.Made {
	m := of.Agents()[i].Machine
	return remote.New("docker", carrier.NameOf(m), of.At(m.ID)).Made()
}

// pids are the numbers of the testbed's processes.
func (s *seated) pids() (pids []int) {
	s.Helper()
	err := proc.Named(seat.ProcessName, func(p *proc.Process, line []string) {
		if slices.Contains(line, s.testbed) {
			pids = append(pids, p.PID)
		}
	})
	if err != nil {
		s.Error(err)
	}
	return pids
}

// pid is the number of the one that there is.
func (s *seated) pid() int {
	s.Helper()
	pids := s.pids()
	if len(pids) != 1 {
		s.Fatalf("there are %d such processes, want one", len(pids))
	}
	return pids[0]
}

// noAgents waits until no machine has an agent any more.
func (s *seated) noAgents() {
	s.Helper()
	for n := 1; n <= s.at.Count; n++ {
		testenv.Eventually(s.T, fmt.Sprintf("machine %d has no agent any more", n), func() bool {
			return len(s.containers(n)) == 0
		})
	}
}

// killAgent kills the agent of a machine.
func (s *seated) killAgent(n int, signal syscall.Signal) {
	s.Helper()
	victim := s.containers(n)
	if len(victim) != 1 {
		s.Fatalf("%d agents on machine %d", len(victim), n)
	}
	found, err := s.api(n).ContainerInspect(context.Background(), victim[0].ID)
	if err != nil {
		s.Fatal(err)
	}
	if err := syscall.Kill(found.State.Pid, signal); err != nil {
		s.Fatal(err)
	}
}

// told fails unless an error says that a machine is lost.
func (s *seated) told(err error, machine string) {
	s.Helper()
	if !errors.Is(err, control.ErrLost) || !strings.Contains(err.Error(), machine) {
		s.Errorf("got %v, want that %s is lost", err, machine)
	}
}

// node starts a node on a machine.
func (s *seated) node(of *seat.Seat, i int) noderuntime.Node {
	s.Helper()
	return s.nodesBy([]noderuntime.Made{s.runtime(of, i)})[0]
}

// clean removes nodes of all machines by new agents, as `down` does.
func (s *seated) clean() {
	s.Helper()
	_, left, err := carrier.Sweep(context.Background(), s.carrier, Launch(s.at, s.testbed), s.config.Machines,
		func(a *carrier.Agent) error { return a.Runtime().Remove(context.Background(), s.testbed, nil) })
	if err != nil || len(left) > 0 {
		s.Errorf("left %v, %v", left, err)
	}
}

// TestSeat: agents outlive whoever started them, and any process reaches them, until the seat is closed.
func TestSeat(t *testing.T) {
	for _, of := range []string{engines.Name, swarm.Name} {
		t.Run(of, func(t *testing.T) {
			s := newSeated(t, "seat-"+of, of)
			first := s.start()
			for i, a := range first.Agents() {
				if a.Machine.ID != s.config.Machines[i].ID || a.Hello.Host != s.config.Machines[i].Name {
					t.Errorf("agent %d is %+v, want that of %s", i, a, s.config.Machines[i].Name)
				}
			}
			again, err := seat.Open(s.config.Dir, s.testbed)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := again.At(s.config.Machines[1].ID).Open(carrier.HelloService)
			if err != nil {
				t.Fatal(err)
			}
			var hello carrier.Hello
			if err := json.NewDecoder(conn).Decode(&hello); err != nil || hello.Host != "machine2" {
				t.Errorf("%+v, %v", hello, err)
			}
			conn.Close()
			node := s.node(again, 2)
			if found, err := s.runtime(first, 2).Find(context.Background(), s.testbed); err != nil ||
				!slices.Equal(found, []noderuntime.Node{node}) {
				t.Errorf("found %v, %v; want %v", found, err, node)
			}
			if err := s.runtime(first, 2).Remove(context.Background(), s.testbed, nil); err != nil {
				t.Error(err)
			}
			p, args := s.program()
			if _, err := seat.Start(context.Background(), p, args, s.config, nil); !errors.Is(err, seat.ErrRuns) {
				t.Errorf("a second one: %v", err)
			}
			if beds, err := seat.Testbeds(); err != nil || beds[s.testbed] != s.config.Dir {
				t.Errorf("%v, %v", beds, err)
			}
			s.keepsSecrets()
			for range 2 {
				if err := again.Close(context.Background()); err != nil {
					t.Error(err)
				}
			}
			s.noAgents()
			if _, err := seat.Open(s.config.Dir, s.testbed); !errors.Is(err, seat.ErrNotRunning) {
				t.Errorf("after its end: %v", err)
			}
			if of == swarm.Name {
				nothingInTheSwarm(t, s.at)
			}
		})
	}
}

// keepsSecrets fails where something of the process, or of its files, can be read by others, or tells a secret.
func (s *seated) keepsSecrets() {
	s.Helper()
	text, err := s.secret().MarshalText()
	if err != nil {
		s.Fatal(err)
	}
	for _, name := range []string{"cmdline", "environ"} {
		data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.pid()), name))
		if err != nil || strings.Contains(string(data), string(text)) {
			s.Errorf("%s: %q, %v", name, data, err)
		}
	}
	for _, name := range []string{"seat.log", "seat.sock"} {
		path := filepath.Join(s.config.Dir, name)
		if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != 0o600 {
			s.Errorf("%s: %v, %v", name, info, err)
		}
		if data, _ := os.ReadFile(path); strings.Contains(string(data), string(text)) {
			s.Errorf("%s tells a secret", name)
		}
	}
}

// TestASeatThatIsKilled: agents end by themselves, nodes go on, and a new seat finds them.
func TestASeatThatIsKilled(t *testing.T) {
	for _, of := range []string{engines.Name, swarm.Name} {
		t.Run(of, func(t *testing.T) {
			s := newSeated(t, "killed-"+of, of)
			first := s.start()
			node := s.node(first, 0)
			watching := make(chan error, 1)
			go func() { watching <- first.Watch(context.Background()) }()
			if err := syscall.Kill(s.pid(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if err := <-watching; !errors.Is(err, seat.ErrNotRunning) || !errors.Is(err, control.ErrLost) {
				t.Errorf("got %v", err)
			}
			_, err := first.At(s.config.Machines[0].ID).Open(remote.Service)
			s.told(err, "machine1")
			s.noAgents()
			if left, err := s.carrier.Remove(context.Background(), s.testbed); err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
			again := s.start()
			if found, err := s.runtime(again, 0).Find(context.Background(), s.testbed); err != nil ||
				!slices.Equal(found, []noderuntime.Node{node}) {
				t.Errorf("found %v, %v; want %v", found, err, node)
			}
			if err := errors.Join(s.runtime(again, 0).Remove(context.Background(), s.testbed, nil),
				again.Close(context.Background())); err != nil {
				t.Error(err)
			}
			if of == swarm.Name {
				nothingInTheSwarm(t, s.at)
			}
		})
	}
}

// TestWhatASeatLoses: an agent, or a machine's engine; the truth is told, the others go on, and nothing is left.
func TestWhatASeatLoses(t *testing.T) {
	for name, lose := range map[string]func(*seated){
		"agent":  func(s *seated) { s.killAgent(2, syscall.SIGKILL) },
		"asked":  func(s *seated) { s.killAgent(2, syscall.SIGTERM) },
		"engine": func(s *seated) { s.at.Do(s.T, "kill", "2") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeated(t, "loses-"+name, engines.Name)
			kept := s.start()
			s.node(kept, 0)
			s.node(kept, 1)
			watching := make(chan error, 1)
			go func() { watching <- kept.Watch(context.Background()) }()
			lose(s)
			t.Cleanup(func() { s.at.Do(t, "start", "2") })
			s.told(<-watching, "machine2")
			s.told(kept.Watch(context.Background()), "machine2")
			_, err := s.runtime(kept, 1).Find(context.Background(), s.testbed)
			s.told(err, "machine2")
			if found, err := s.runtime(kept, 0).Find(context.Background(), s.testbed); err != nil || len(found) != 1 {
				t.Errorf("the other machine's: %v, %v", found, err)
			}
			if err := kept.Close(context.Background()); err != nil {
				t.Error(err)
			}
			s.at.Do(t, "start", "2")
			s.clean()
		})
	}
}

// TestAStartThatFailsLeavesNothing: called off at any instant, with a machine that does not answer, or with a parent
// that is killed meanwhile.
func TestAStartThatFailsLeavesNothing(t *testing.T) {
	s := newSeated(t, "fails", engines.Name)
	p, args := s.program()
	for _, after := range []time.Duration{0, 30 * time.Millisecond, 200 * time.Millisecond, 600 * time.Millisecond} {
		ctx, cancel := context.WithCancelCause(context.Background())
		enough := errors.New("had enough")
		time.AfterFunc(after, func() { cancel(enough) })
		started, err := seat.Start(ctx, p, args, s.config, nil)
		switch {
		case err == nil: // it was faster
			if err := started.Close(context.Background()); err != nil {
				t.Error(err)
			}
		case !errors.Is(err, enough):
			t.Errorf("got %v, want that it was called off", err)
		}
		s.nothingIsLeft()
		if _, err := seat.Open(s.config.Dir, s.testbed); !errors.Is(err, seat.ErrNotRunning) {
			t.Errorf("a process is left: %v", err)
		}
	}
	lacking := s.config
	lacking.Machines = append(slices.Clone(lacking.Machines), machines.Machine{ID: "unix:///run/tb-none.sock"})
	if _, err := seat.Start(context.Background(), p, args, lacking, nil); err == nil ||
		!strings.Contains(err.Error(), "/run/tb-none.sock") || strings.Contains(err.Error(), "machine1") {
		t.Errorf("got %v, want that one machine cannot be reached", err)
	}
	s.nothingIsLeft()
	for range 3 {
		s.parentIsKilled(time.Duration(rand.Int64N(int64(time.Second))))
	}
}

// parentCommand makes the test binary a program that starts a seat by a configuration in a file, and waits.
const parentCommand = "seat-parent"

func parent(path string) int {
	data, err := os.ReadFile(path)
	var c seat.Config
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err == nil {
		_, err = seat.Start(context.Background(), program.At("/proc/self/exe"), []string{seat.Command}, c, nil)
	}
	if err != nil {
		_, _ = io.WriteString(os.Stderr, err.Error())
		return 1
	}
	time.Sleep(time.Hour)
	return 0
}

// parentIsKilled kills the program that starts a seat. Nothing of it is left, or all of it is there.
func (s *seated) parentIsKilled(after time.Duration) {
	s.Helper()
	data, err := json.Marshal(s.config)
	if err != nil {
		s.Fatal(err)
	}
	path := filepath.Join(s.TempDir(), "config")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe", parentCommand, path)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	testenv.Eventually(s.T, "the process ends or answers", func() bool {
		if kept, err := seat.Open(s.config.Dir, s.testbed); err == nil {
			if err := kept.Close(context.Background()); err != nil {
				s.Error(err)
			}
			return true
		}
		beds, err := seat.Testbeds()
		return err != nil || beds[s.testbed] == ""
	})
	s.nothingIsLeft()
}
