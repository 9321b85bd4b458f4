package carriertest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/engines"
	"testbed/emulator/noderuntime"
)

// TestAnEngineThatIsKilled: the truth is told, what can be removed is removed, and the rest when the engine is back.
func TestAnEngineThatIsKilled(t *testing.T) {
	at := testenv.NewMachines(t)
	c := enginesOf(t, at)
	list, _, err := c.Machines(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{T: t, at: at, carrier: c, testbed: "killed"}
	t.Cleanup(s.nothingIsLeft)
	agents := s.start(list)
	nodes := s.nodes(agents)
	at.Do(t, "kill", "2")
	t.Cleanup(func() { at.Do(t, "start", "2") }) // before what s.start cleans up
	if _, err := agents[1].Runtime().Find(context.Background(), s.testbed); err == nil ||
		!strings.Contains(err.Error(), "machine2") {
		t.Errorf("its nodes: %v", err)
	}
	fit, unfit, err := c.Machines(context.Background())
	if err != nil || len(fit) != 2 || len(unfit) != 1 || unfit[0].Machine.ID != list[1].ID {
		t.Errorf("%d machines, unfit %v, %v", len(fit), unfit, err)
	}
	_, err = c.Start(context.Background(), Launch(at, "killed-2"), list)
	if err == nil || !strings.Contains(err.Error(), "machine2") || strings.Contains(err.Error(), "machine1") {
		t.Errorf("got %v, want that machine2 is the one that fails", err)
	}
	left, err := c.Remove(context.Background(), s.testbed)
	if err != nil || len(left) != 1 || left[0].Machine.ID != list[1].ID {
		t.Errorf("left %v, %v; want machine 2", left, err)
	}
	done, left, err := carrier.Sweep(context.Background(), c, Launch(at, s.testbed), list, func(a *carrier.Agent) error {
		return a.Runtime().Remove(context.Background(), s.testbed, nil)
	})
	if err != nil || len(done) != 2 || len(left) != 1 || left[0].Machine.ID != list[1].ID {
		t.Errorf("swept %v, left %v, %v", done, left, err)
	}
	at.Do(t, "start", "2")
	done, left, err = carrier.Sweep(context.Background(), c, Launch(at, s.testbed), machinesOf(left),
		func(a *carrier.Agent) error {
			found, err := a.Runtime().Find(context.Background(), s.testbed)
			if len(found) > 0 && found[0].Container != nodes[1].Container {
				t.Errorf("found %v, want %v", found, nodes[1])
			}
			return errors.Join(err, a.Runtime().Remove(context.Background(), s.testbed, nodes[1:2]))
		})
	if err != nil || len(done) != 1 || len(left) > 0 {
		t.Errorf("swept %v, left %v, %v", done, left, err)
	}
}

func machinesOf(left []carrier.Unfit) (list []machines.Machine) {
	for _, u := range left {
		list = append(list, u.Machine)
	}
	return list
}

// TestSSH: machines by ssh, of which one loses its way.
func TestSSH(t *testing.T) {
	at := testenv.NewMachines(t)
	config, daemons := sshd(t, at)
	spec, err := machines.Parse("ssh://root@10.231.77.1:2222,ssh://10.231.77.2:2222=2")
	if err != nil {
		t.Fatal(err)
	}
	c := engines.New(spec.Machines, engines.Options{Program: program.At("/proc/self/exe"), SSH: []string{"-F", config}})
	s := &suite{T: t, at: at, carrier: c, testbed: "by-ssh"}
	t.Cleanup(s.nothingIsLeft)
	list := s.machines()
	if len(list) != 2 || list[1].Address != "10.231.77.2" || list[1].Share() != 2 {
		t.Fatalf("got %+v", list)
	}
	agents, err := c.Start(context.Background(), Launch(at, s.testbed), list)
	if err != nil {
		t.Fatal(err)
	}
	s.nodes(agents)
	daemons[1]()
	s.lost(agents[1])
	if err := agents[0].Runtime().Remove(context.Background(), s.testbed, nil); err != nil {
		t.Error(err)
	}
	if left, err := c.Remove(context.Background(), s.testbed); err != nil || len(left) != 1 ||
		!strings.Contains(left[0].Why, "ssh-copy-id") {
		t.Errorf("left %v, %v; want the one whose way is lost, and a remedy", left, err)
	}
	_ = carrier.CloseAll(agents)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	all := enginesOf(t, at)
	socket, _, err := all.Machines(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	remove := func(a *carrier.Agent) error {
		return a.Runtime().Remove(context.Background(), s.testbed, []noderuntime.Node{})
	}
	_, left, err := carrier.Sweep(context.Background(), all, Launch(at, s.testbed), socket, remove)
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), "tb-ssh-*")); len(dirs) > 0 {
		t.Errorf("left behind: %v", dirs)
	}
}

// sshd runs one on each machine, and returns a configuration by which ssh gets there, and what ends each of them, with
// its connections.
func sshd(t *testing.T, at testenv.Machines) (config string, ends []func()) {
	t.Helper()
	const path = "/usr/sbin/sshd"
	if _, err := os.Stat(path); err != nil {
		const reason = "sshd is not installed: apt-get install openssh-server"
		if os.Getenv("CI") != "true" { // scripts/setup installs no service on a machine that people work on
			t.Skip(reason)
		}
		testenv.Missing(t, reason)
	}
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"host", "user"} {
		made := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", in(name))
		if out, err := made.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	write := func(name string, lines ...string) string {
		if err := os.WriteFile(in(name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return in(name)
	}
	key, err := os.ReadFile(in("host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 2; n++ {
		address := "10.231.77." + string(rune('0'+n))
		file := write("sshd"+address, "Port 2222", "ListenAddress "+address, "HostKey "+in("host"), "PidFile none",
			"AuthorizedKeysFile "+in("user.pub"), "StrictModes no", "UsePAM no", "PermitRootLogin prohibit-password")
		args := []string{"exec", at.Dir, string(rune('0' + n)), "sh", "-c",
			"mkdir -p /run/sshd && exec " + path + " -D -f " + file}
		command := exec.Command(testenv.MachinesScript(), args...)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		end := sync.OnceFunc(func() { // it, and the processes of its connections, by their names in that network
			const kill = `own=$(readlink /proc/self/ns/net); for p in /proc/[0-9]*; do
				[ "$(readlink $p/ns/net)" != "$own" ] || case $(cat $p/comm) in sshd*) kill -9 "${p#/proc/}" ;; esac; done`
			_ = exec.Command(testenv.MachinesScript(), "exec", at.Dir, string(rune('0'+n)), "sh", "-c", kill).Run()
			_ = command.Wait()
		})
		ends = append(ends, end)
		t.Cleanup(end)
	}
	config = write("config", "Host *", "User root", "IdentityFile "+in("user"), "UserKnownHostsFile "+in("known"),
		"StrictHostKeyChecking yes")
	fields := strings.Fields(string(key))
	write("known", "[10.231.77.1]:2222 "+fields[0]+" "+fields[1], "[10.231.77.2]:2222 "+fields[0]+" "+fields[1])
	testenv.Eventually(t, "sshd answers", func() bool {
		failed := error(nil)
		for _, host := range []string{"10.231.77.1", "10.231.77.2"} {
			failed = errors.Join(failed, exec.Command("ssh", "-F", config, "-p", "2222", host, "true").Run())
		}
		return failed == nil
	})
	return config, ends
}
