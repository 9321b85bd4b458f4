package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// inRepository is a path in backticks that begins at the repository's root.
	inRepository = regexp.MustCompile("`((?:cmd|emulator|images|results|scenarios|scripts)/[^` ]*" +
		"|\\.?[a-zA-Z-]+\\.(?:md|yml))`")
	// mapped is the first column of a row of the map of packages.
	mapped = regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|")
	quoted = regexp.MustCompile("`([^`]+)`")
)

func page(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", "..", ".."}, elements...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestNamedFilesExist: who follows the walk from trace row to report finds every file that it names.
func TestNamedFilesExist(t *testing.T) {
	for _, c := range []struct {
		page  string
		least int // paths that the page names, or the test looks in the wrong place
	}{{"CONTRIBUTING.md", 50}, {"emulator/README.md", 8}} {
		found := inRepository.FindAllStringSubmatch(page(t, c.page), -1)
		for _, m := range found {
			if _, err := os.Stat(filepath.Join("..", "..", "..", filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s names %s, which is not there", c.page, m[1])
			}
		}
		if len(found) < c.least {
			t.Errorf("%s names %d files, fewer than %d", c.page, len(found), c.least)
		}
	}
}

// TestMapIsComplete: the map in emulator/README.md has every family of packages, and none that is not there.
func TestMapIsComplete(t *testing.T) {
	listed := map[string]bool{}
	for _, row := range mapped.FindAllStringSubmatch(page(t, "emulator", "README.md"), -1) {
		for _, name := range quoted.FindAllStringSubmatch(row[1], -1) {
			if info, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(name[1]))); err != nil || !info.IsDir() {
				t.Errorf("emulator/README.md lists the package %s, which is not there", name[1])
			}
			listed[family(name[1])] = true
		}
	}
	walk(t, func(path, dir string) {
		if f := family(dir); f != "." && f != "internal" && !listed[f] {
			t.Errorf("emulator/README.md does not list the package %s (%s)", f, strings.TrimPrefix(path, "../../"))
		}
	})
}
