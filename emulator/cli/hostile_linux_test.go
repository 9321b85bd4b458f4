package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"testbed/emulator/influx"
)

// A hostile directory is one in which each name that a command writes is a link to something precious. Links
// are found out by writing into a clean directory first.

// writer is a command that writes into a directory, with what prepares that.
type writer struct {
	name    string
	prepare func(t *testing.T) string // the directory
	args    func(dir string) []string
	kept    []string // names that the command reads, and that are no links
}

// keptByRun are the files of a run that commands read.
var keptByRun = []string{"manifest.json", "samples.lp", "chains.csv"}

var hostile = []writer{
	{"report", written, func(dir string) []string { return []string{"report", dir} }, keptByRun},
	{"report -o", written, func(dir string) []string {
		return []string{"report", "-o", filepath.Join(dir, "page.html"), dir}
	}, keptByRun},
	{"upload", uploadable, func(dir string) []string { return []string{"upload", "--all", dir} }, keptByRun},
	{"simulate", empty, func(dir string) []string {
		return []string{"simulate", "-o", dir, scenarioFile("smoke.yaml")}
	}, nil},
	{"campaign", empty, func(dir string) []string {
		return []string{"simulate", "--engine", "statesim", "--jobs", "3,4", "-o", dir, scenarioFile("smoke.yaml")}
	}, nil},
	{"campaign of texts", empty, func(dir string) []string {
		return []string{
			"simulate", "--engine", "statesim", "--store", "statesim", "--jobs", "3,4", "-o", dir,
			scenarioFile("smoke.yaml"),
		}
	}, nil},
	{"plot", campaigned, func(dir string) []string {
		return []string{"plot", dir}
	}, []string{"campaign.json", "rows.parquet", "summary.csv", "lengths.csv"}},
	{"synth topology", empty, func(dir string) []string {
		return []string{"synth", "topology", "-o", filepath.Join(dir, "t"), "iiot"}
	}, nil},
	{"synth workload", empty, func(dir string) []string {
		return []string{"synth", "workload", "--jobs", "5", "-o", filepath.Join(dir, "trace.csv")}
	}, nil},
	{"import", empty, func(dir string) []string {
		return []string{"import", "--jobs", "5", "-o", filepath.Join(dir, "jobs.yaml"), "alibaba-2018-hour"}
	}, nil},
}

func empty(t *testing.T) string { return t.TempDir() }

func uploadable(t *testing.T) string {
	withoutInflux(t)
	t.Setenv(influx.EnvURL, newDatabase(t).URL)
	t.Setenv(influx.EnvBucket, "b")
	return runOf(t, `{}`)
}

func campaigned(t *testing.T) string {
	dir := t.TempDir()
	got := invoke(t, "simulate", "--engine", "statesim", "--jobs", "20", "--replications", "2", "-o", dir,
		scenarioFile("smoke.yaml"))
	if got.code != ExitOK {
		t.Fatalf("%+v", got)
	}
	return dir
}

// files are the paths of all files below a directory, relative to it, but for those that are kept.
func files(t *testing.T, dir string, kept []string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(dir, path); err == nil && !e.IsDir() && !slices.Contains(kept, name) {
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestNothingIsWrittenThroughLinks puts links, relative and absolute ones and second names of a file, in the
// place of every file and directory that each command makes.
func TestNothingIsWrittenThroughLinks(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			clean := c.prepare(t)
			if got := invoke(t, c.args(clean)...); got.code != ExitOK {
				t.Fatalf("in a clean directory: %+v", got)
			}
			made := files(t, clean, c.kept)
			if len(made) == 0 {
				t.Fatal("the command writes nothing")
			}
			for _, kind := range []string{"symbolic", "relative", "hard"} {
				dir := c.prepare(t)
				targets := plant(t, dir, kind, made)
				got := invoke(t, c.args(dir)...)
				for _, target := range targets {
					if text, err := os.ReadFile(target); err != nil || string(text) != "precious" {
						t.Errorf("%s links: %s is now %q, %v", kind, target, text, err)
					}
				}
				if kind != "hard" && got.code == ExitOK && leftLinks(t, dir) {
					t.Errorf("%s links: they are still there, and nothing is said: %+v", kind, got)
				}
				if strings.Contains(got.stderr, "panic") {
					t.Errorf("%s", got.stderr)
				}
			}
		})
	}
}

// plant puts links in the place of files, and returns the files that they lead to.
func plant(t *testing.T, dir, kind string, names []string) []string {
	t.Helper()
	outside := t.TempDir()
	var targets []string
	for i, name := range names {
		path, target := filepath.Join(dir, name), filepath.Join(outside, fmt.Sprint(i))
		if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		targets = append(targets, target)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(path)
		var err error
		switch kind {
		case "symbolic":
			err = os.Symlink(target, path)
		case "relative":
			relative, _ := filepath.Rel(filepath.Dir(path), target)
			err = os.Symlink(relative, path)
		case "hard":
			err = os.Link(target, path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return targets
}

func leftLinks(t *testing.T, dir string) bool {
	return slices.ContainsFunc(files(t, dir, nil), func(name string) bool {
		info, err := os.Lstat(filepath.Join(dir, name))
		return err == nil && info.Mode()&fs.ModeSymlink != 0
	})
}

// TestDirectoriesOfResultsAreNoLinks: a directory of figures or of a load's files may be a link as well.
func TestDirectoriesOfResultsAreNoLinks(t *testing.T) {
	for _, c := range []struct{ command, name string }{{"report", "figures"}, {"campaign of texts", "jobs=3"}} {
		at := slices.IndexFunc(hostile, func(w writer) bool { return w.name == c.command })
		dir, outside := hostile[at].prepare(t), t.TempDir()
		if err := os.Symlink(outside, filepath.Join(dir, c.name)); err != nil {
			t.Fatal(err)
		}
		got := invoke(t, hostile[at].args(dir)...)
		says := c.name + ": a symbolic link is in the way of results: remove it"
		if got.code == ExitOK || !strings.Contains(got.stderr, says) {
			t.Errorf("%s: %+v", c.command, got)
		}
		if made := files(t, outside, nil); len(made) > 0 {
			t.Errorf("%s: written where the link leads: %q", c.command, made)
		}
	}
}

// TestResultsHaveTheirModesAndOwner runs every command under other umasks, as root under sudo too.
func TestResultsHaveTheirModesAndOwner(t *testing.T) {
	me := os.Geteuid()
	for _, c := range hostile {
		for _, mask := range []int{0, 0o077} {
			dir := c.prepare(t)
			before := files(t, dir, nil)
			owner := me
			if me == 0 {
				t.Setenv("SUDO_UID", "12345")
				t.Setenv("SUDO_GID", "12345")
				owner = 12345
			}
			old := syscall.Umask(mask)
			got := invoke(t, c.args(dir)...)
			syscall.Umask(old)
			if got.code != ExitOK {
				t.Fatalf("%s: %+v", c.name, got)
			}
			for _, name := range files(t, dir, before) {
				for path, want := range map[string]fs.FileMode{name: 0o644, filepath.Dir(name): fs.ModeDir | 0o755} {
					info, err := os.Lstat(filepath.Join(dir, path))
					if err != nil {
						t.Fatal(err)
					}
					made := int(info.Sys().(*syscall.Stat_t).Uid)
					if path != "." && (info.Mode() != want || made != owner) {
						t.Errorf("%s, umask %#o: %s is %v of %d, want %v of %d",
							c.name, mask, path, info.Mode(), made, want, owner)
					}
				}
			}
			t.Setenv("SUDO_UID", "")
		}
	}
}

// TestJournalOfACampaignIsNoLink: the journal is written in place, so it must be a file of one name.
func TestJournalOfACampaignIsNoLink(t *testing.T) {
	args := func(dir string, more ...string) []string {
		args := []string{"simulate", "--engine", "statesim", "--jobs", "3", "-o", dir, scenarioFile("smoke.yaml")}
		return append(args, more...)
	}
	for _, kind := range []string{"symbolic", "hard"} {
		dir := t.TempDir()
		targets := plant(t, dir, kind, []string{"campaign.journal"})
		if got := invoke(t, args(dir)...); got.code != ExitOK {
			t.Errorf("%s, a new campaign: %+v", kind, got)
		}
		if err := os.Remove(filepath.Join(dir, "summary.csv")); err != nil {
			t.Fatal(err)
		}
		targets = append(targets, plant(t, dir, kind, []string{"campaign.journal"})...)
		got := invoke(t, args(dir, "--resume")...)
		told := strings.Contains(got.stderr, "campaign.journal") && strings.Contains(got.stderr, "remove it")
		if got.code != ExitFailure || !told {
			t.Errorf("%s, going on: %+v", kind, got)
		}
		for _, target := range targets {
			if text, err := os.ReadFile(target); err != nil || string(text) != "precious" {
				t.Errorf("%s: %s is now %q, %v", kind, target, text, err)
			}
		}
	}
}
