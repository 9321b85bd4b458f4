package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// tool executes a program in a node and returns its output.
func tool(t *testing.T, r *Runtime, n noderuntime.Node, tools noderuntime.Tools, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		testenv.Missing(t, args[0]+" is not installed")
	}
	var out bytes.Buffer
	code, err := r.Exec(context.Background(), n, args, noderuntime.Stdio{Out: &out, Err: &out, Tools: tools})
	if code != 0 || err != nil {
		t.Errorf("%v: status %d, %v: %s", args, code, err, out.String())
	}
	return strings.TrimSpace(out.String())
}

// TestHostToolsInANode runs programs of this host in the network of a node whose image has none, and nowhere else.
func TestHostToolsInANode(t *testing.T) {
	r, testbed := testRuntime(t), bed("tools")
	clean(t, r, testbed)
	specs := nodeSpecs(t, testbed, 1, runtimetest.Agent)
	specs[0].HostsAt = filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(specs[0].HostsAt, []byte("127.0.0.1 localhost\n127.0.0.9 tb-other-node\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	nodes, err := r.Start(context.Background(), specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	n, dir := nodes[0], t.TempDir()
	t.Chdir(dir)
	if got := tool(t, r, n, "", "hostname"); got != "n0" {
		t.Errorf("the host's name is %q", got)
	}
	tool(t, r, n, "", "ping", "-c", "1", "-W", "5", "tb-other-node")
	if got := tool(t, r, n, "", "sh", "-c", "ls /sys/class/net; pwd"); got != "lo\n"+dir {
		t.Errorf("devices and working directory: %q, want lo and %s", got, dir)
	}
	for kind, want := range map[string]uint64{
		"net": n.Inode, "pid": proc.OwnNamespace("pid"), "user": proc.OwnNamespace("user"),
	} {
		if got := tool(t, r, n, "", "readlink", "/proc/self/ns/"+kind); got != fmt.Sprintf("%s:[%d]", kind, want) {
			t.Errorf("it is in %s, want %d", got, want)
		}
	}
	mounts := tool(t, r, n, "", "readlink", "/proc/self/ns/mnt")
	own := fmt.Sprintf("mnt:[%d]", proc.OwnNamespace("mnt"))
	if theirs, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", n.PID)); mounts == theirs || mounts == own {
		t.Errorf("it is in %s: the node's (%s) or the host's own", mounts, theirs)
	}
	if hosts, _ := os.ReadFile("/etc/hosts"); strings.Contains(string(hosts), "tb-other-node") {
		t.Error("the host's own /etc/hosts was replaced")
	}
	var out bytes.Buffer
	stdio := noderuntime.Stdio{Out: &out, Tools: noderuntime.NodeTools}
	code, err := r.Exec(context.Background(), n, []string{"sh"}, stdio)
	if code != statusNotFound || err == nil || !strings.Contains(err.Error(), "--tools host") {
		t.Errorf("a shell of the image's own: status %d, %v: %s", code, err, out.String())
	}
	lie := n
	lie.Inode++
	_, err = r.Exec(context.Background(), lie, []string{"true"}, noderuntime.Stdio{Tools: noderuntime.HostTools})
	if !errors.Is(err, noderuntime.ErrNoSuchNode) {
		t.Errorf("in a node that is not there: %v", err)
	}
}

// TestToolsOfUserImages: a command in an image of the user's own is one of the image's, unless it is asked otherwise.
func TestToolsOfUserImages(t *testing.T) {
	r, testbed := testRuntime(t), bed("own")
	image := importImage(t, r, `ENTRYPOINT ["/testbed"]`, `CMD ["`+runtimetest.Agent+`"]`)
	clean(t, r, testbed)
	specs := nodeSpecs(t, testbed, 1)
	specs[0].Image = image
	nodes, err := r.Start(context.Background(), specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	code, err := r.Exec(context.Background(), nodes[0], []string{"hostname"}, noderuntime.Stdio{})
	if code != statusNotFound || err == nil || !strings.Contains(err.Error(), "testbed exec --tools host n0 -- hostname") {
		t.Errorf("status %d, %v; want what to do", code, err)
	}
	if got := tool(t, r, nodes[0], noderuntime.HostTools, "hostname"); got != "n0" {
		t.Errorf("the host's name is %q", got)
	}
}

// TestNamesOfContainers: each node's network namespace has its name for `ip netns`, as long as the node is there.
func TestNamesOfContainers(t *testing.T) {
	names := filepath.Join(t.TempDir(), "netns")
	r, testbed := testRuntime(t, WithNames(names)), bed("names")
	clean(t, r, testbed)
	specs := nodeSpecs(t, testbed, 3, runtimetest.Agent)
	nodes, err := r.Start(context.Background(), specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		file, err := os.Open(filepath.Join(names, noderuntime.NetNSName(testbed, n.Node)))
		if err != nil {
			t.Fatal(err)
		}
		if inode, err := proc.Inode(file); err != nil || inode != n.Inode {
			t.Errorf("%s: namespace %d (%v), want %d", n.Node, inode, err, n.Inode)
		}
		file.Close()
	}
	if err := r.Stop(context.Background(), nodes[:1]); err != nil {
		t.Fatal(err)
	}
	want := []string{"tb-" + testbed + ".n1", "tb-" + testbed + ".n2"}
	if got := namesIn(t, names); !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	failing := []noderuntime.Spec{specs[0]}
	failing[0].Args = []string{runtimetest.DyingAgent}
	if _, err := r.Start(context.Background(), failing, nil); err == nil || len(namesIn(t, names)) != 2 {
		t.Errorf("after a failed start (%v) the names are %v", err, namesIn(t, names))
	}
	// As after a crash: nobody knows any nodes.
	if err := r.Remove(context.Background(), testbed, nil); err != nil {
		t.Fatal(err)
	}
	if got := namesIn(t, names); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
