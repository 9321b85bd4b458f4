package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ofNodes are the functions by which something of a node is got at that its own machine alone has.
var ofNodes = []string{"Namespace", "WithPeerPID", "NodeDir", "DiskDir"}

// here are the files that use them, how often, and what becomes of a node that is on another machine.
var here = map[string]struct {
	uses int
	why  string
}{
	"capture.go": {1, "its source goes to the namespace's machine"},
	"machines/carrier/carriertest/network_linux.go": {2, "tests' machines are namespaces of this one"},
	"measure.go":              {1, "of testbeds that it has brought up on this machine"},
	"request.go":              {1, "the store's program, with which several machines are refused (unable)"},
	"system.go":               {1, "programs of this host's process runtime"},
	"orchestrator/bed.go":     {1, "an agent of this machine; others go by remote.Dial"},
	"orchestrator/up.go":      {2, "the directory reaches its machine with Spec; the fabric takes namespaces of any"},
	"orchestrator/scratch.go": {1, "the records' own"},
	"orchestrator/store.go":   {1, "names the control socket, wherever it is"},
	"verify/verify.go":        {1, "its prober goes to the namespace's machine"},
}

// TestNodesOfOtherMachinesAreNotLookedForHere: whoever reads of this host what belongs to a node says here what becomes
// of one that is elsewhere. What enters a namespace or holds a process refuses it by itself (netns.ErrElsewhere).
func TestNodesOfOtherMachinesAreNotLookedForHere(t *testing.T) {
	found := map[string]int{}
	walk(t, func(path, dir string) {
		if strings.HasPrefix(dir, "noderuntime") || strings.HasPrefix(dir, "internal") || dir == "netns" {
			return // runtimes have their own machine's nodes
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains(ofNodes, s.Sel.Name) {
				return true
			}
			if of, plain := s.X.(*ast.Ident); plain && of.Name == "netns" {
				return true // a namespace of the caller's own
			}
			found[filepath.ToSlash(filepath.Join(dir, filepath.Base(path)))]++
			return true
		})
	})
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if found[name] != here[name].uses {
			t.Errorf("%s gets %d times at something of a node of this machine, and this test knows of %d: what "+
				"becomes of a node that is on another one?", name, found[name], here[name].uses)
		}
	}
	for name := range here {
		if found[name] == 0 {
			t.Errorf("%s uses nothing of that any more", name)
		}
	}
}
