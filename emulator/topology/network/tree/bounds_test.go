package tree_test

import (
	"strings"
	"testing"

	"testbed/emulator/topology/network/tree"
)

// What is small enough to be read and is of a kind that takes long, or memory, is refused or read at once.
func TestSmallFilesDoNotHang(t *testing.T) {
	if _, err := tree.YAML([]byte("a: " + strings.Repeat("- ", tree.MaxValues))); err == nil {
		t.Error("YAML of nested lists is read")
	}
	if _, err := tree.XML([]byte("<a" + strings.Repeat(` b=""`, tree.MaxValues+1) + "/>")); err == nil {
		t.Error("XML of attributes is read")
	}
}
