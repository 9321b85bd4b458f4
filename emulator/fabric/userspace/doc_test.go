package userspace

import (
	"os"
	"regexp"
	"testing"
)

// TestDocumentedWalkNamesFiles: the walk in doc.go leads through files that exist.
func TestDocumentedWalkNamesFiles(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\b[a-z_]+\.go\b`).FindAllString(string(text), -1)
	if len(names) < 15 {
		t.Errorf("doc.go names %d files: is the walk still there?", len(names))
	}
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("doc.go: %v", err)
		}
	}
}
