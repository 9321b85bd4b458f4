package scenario

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/plan"
	"testbed/emulator/workload"
)

// contract are the environment variables that the agent sets for a program.
var contract = []string{"PORT", "DAPR_HTTP_PORT", "DAPR_HTTP_ENDPOINT", "DAPR_API_TOKEN", "FUNCTION_NAME", "K_SERVICE"}

// maxPayloads bounds the files that a function's payload may name.
const maxPayloads = 10_000

func functionPath(f *Function) string { return join("functions", f.Name) }

// checkFunctions holds functions against the jobs' and each key against the others.
func (d *decoder) checkFunctions(f *File) {
	known, certain := f.functionNames()
	for i := range f.Functions {
		one := &f.Functions[i]
		path := functionPath(one)
		if certain && one.Name != AnyFunction && !slices.Contains(known, one.Name) && !d.failed("workload") && !d.full() {
			d.failAt(path, suggest(one.Name, known), "no task invokes a function %q", one.Name)
		}
		d.checkInstances(one, path+".instances")
		if !one.Program() {
			d.checkBuiltin(one, path)
			continue
		}
		for _, e := range one.Env {
			if slices.Contains(contract, e.Name) {
				d.failAt(join(path+".env", e.Name), "remove it", "the testbed sets %s", e.Name)
			}
		}
		if one.Argument == ArgumentPayload && one.Payload == "" {
			d.failAt(path+".argument", "add payload: FILES", "there are no files that could be arguments")
		}
		if one.Argument == ArgumentSynthetic && one.Payload != "" {
			d.failAt(path+".payload", "remove it, or write argument: payload", "it has no meaning with argument: synthetic")
		}
	}
	if f.Programs() {
		d.checkProgramModels(f)
		d.checkProgramStates(f)
	}
}

// functionNames are the functions that the workload's tasks invoke, and whether they are known: some formats of traces
// have names of their own.
func (f *File) functionNames() ([]string, bool) {
	if !f.Workload.Written() {
		return workload.FunctionNames(f.Workload.Functions), f.Workload.Trace == ""
	}
	var all []string
	for i := range f.Workload.List {
		for k := range f.Workload.List[i].Tasks {
			t := &f.Workload.List[i].Tasks[k]
			if name := t.Function; name != "" {
				all = append(all, name)
			} else {
				all = append(all, t.Name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), true
}

// checkBuiltin refuses keys that only a program has.
func (d *decoder) checkBuiltin(f *Function, path string) {
	for _, c := range []struct {
		key   string
		given bool
	}{
		{"env", len(f.Env) > 0}, {"payload", f.Payload != ""}, {"argument", f.Argument != ""},
		{"timeout", f.Timeout > 0}, {"memory", f.Memory > 0}, {"processes", f.Processes > 0},
	} {
		if here := join(path, c.key); c.given && !d.failed(path) {
			d.failAt(here, "remove it, or give command or image", "it has a meaning for programs only")
		}
	}
}

// checkProgramModels refuses execution models that programs cannot be run under.
func (d *decoder) checkProgramModels(f *File) {
	for i, m := range f.Models {
		if !slices.Contains(plan.Study, plan.Model(m)) {
			d.failAt(fmt.Sprintf("models[%d]", i), "remove it, or let all functions be builtin",
				"under the model %s functions cannot be programs yet; %s can", m, studied())
		}
	}
	if f.chained() {
		d.failAt("orchestration", "write orchestration: client",
			"where workers call each other, functions cannot be programs yet")
	}
	if f.StateAccess == string(plan.ByClient) {
		d.failAt("state-access", "write state-access: worker",
			"programs read and write their states themselves, which the client cannot do for them")
	}
}

// studied are the models under which they can.
func studied() string {
	last := len(plan.Study) - 1
	words := make([]string, last)
	for i := range words {
		words[i] = string(plan.Study[i])
	}
	return strings.Join(words, ", ") + " and " + string(plan.Study[last])
}

// checkFunctionRuntime holds what a function is against the runtime that is to run it.
func (d *decoder) checkFunctionRuntime(f *File) {
	if f.Runtime == auto {
		return
	}
	images := d.catalogue.Describe(catalogue.Runtimes, f.Runtime).Images
	for i := range f.Functions {
		switch one := &f.Functions[i]; {
		case one.Image != "" && !images:
			d.failAt(functionPath(one)+".image", "give a command, or write a runtime that runs images",
				"the runtime %s cannot run images", f.Runtime)
		case len(one.Command) > 0 && images:
			d.failAt(functionPath(one)+".command", "give an image, or write runtime: process",
				"the runtime %s runs functions from images only", f.Runtime)
		}
	}
}

// checkFunctionFiles looks for programs, directories and payloads.
func (d *decoder) checkFunctionFiles(s *Scenario) {
	for i := range s.Functions {
		f := &s.Functions[i]
		path := functionPath(f)
		if len(f.Command) > 0 {
			d.checkCommand(s, f, path)
		}
		if f.Payload != "" {
			d.checkPayload(s, f, path+".payload")
		}
	}
}

func (d *decoder) checkCommand(s *Scenario, f *Function, path string) {
	dir := s.FunctionDir(f)
	if info, err := os.Stat(dir); err != nil {
		d.failAt(path+".dir", "paths are relative to the scenario's file", "%v", err)
		return
	} else if !info.IsDir() {
		d.failAt(path+".dir", "write the path of a directory", "%s is no directory", f.Dir)
		return
	}
	if _, err := findProgram(f.Command[0], dir); err != nil {
		remedy := "install it, or write the program's path"
		if strings.Contains(f.Command[0], "/") {
			remedy = "paths of programs are relative to the function's dir, which is " + dir
		}
		d.failAt(path+".command", remedy, "there is no program %s: %v", f.Command[0], err)
	}
}

// ProgramPath is the absolute path of a function's program.
func (s *Scenario) ProgramPath(f *Function) (string, error) {
	return findProgram(f.Command[0], s.FunctionDir(f))
}

// findProgram looks for a program as a shell in the directory would.
func findProgram(name, dir string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		path, err := filepath.Abs(name)
		if err != nil {
			return "", err
		}
		return path, executable(path)
	}
	first := ""
	for _, in := range filepath.SplitList(os.Getenv("PATH") + usualPath) {
		path := filepath.Join(in, name)
		if !filepath.IsAbs(in) || executable(path) != nil {
			continue
		}
		if public(path) {
			return path, nil
		}
		first = cmp.Or(first, path)
	}
	if first == "" {
		return "", &fs.PathError{Op: "find", Path: name, Err: os.ErrNotExist}
	}
	return first, nil
}

// usualPath is where programs are that PATH has not: root's own may come before, which no function's user can reach.
const usualPath = ":/usr/local/bin:/usr/bin:/bin"

// public says whether every user may execute a file, as far as its modes and those of the directories above it tell.
func public(path string) bool {
	path, err := filepath.EvalSymlinks(path)
	for ; err == nil; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if path == filepath.Dir(path) {
			return true
		}
	}
	return false
}

func executable(path string) error {
	info, err := os.Stat(path)
	if err == nil && (info.IsDir() || info.Mode()&0o111 == 0) {
		err = &fs.PathError{Op: "execute", Path: path, Err: os.ErrPermission}
	}
	return err
}

func (d *decoder) checkPayload(s *Scenario, f *Function, path string) {
	files, err := s.Payloads(f)
	switch {
	case err != nil:
		d.failAt(path, "write a pattern such as frames/*.jpg", "%q is no pattern: %v", f.Payload, err)
	case len(files) == 0:
		d.failAt(path, "paths are relative to the scenario's file", "no file fits %q", f.Payload)
	case len(files) > maxPayloads:
		d.failAt(path, "name fewer", "%d files fit %q, and %d are taken at most", len(files), f.Payload, maxPayloads)
	}
}

// Payloads are the files that fit a function's payload, in ascending order of their names; what is no file is left out.
func (s *Scenario) Payloads(f *Function) ([]string, error) {
	found, err := filepath.Glob(s.resolvePath(f.Payload))
	return slices.DeleteFunc(found, func(path string) bool {
		info, err := os.Stat(path)
		return err != nil || !info.Mode().IsRegular()
	}), err
}
