package scenario

import (
	"path/filepath"
	"slices"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/units"
)

// AnyFunction is the name that stands for all functions that the section functions does not name.
const AnyFunction = "*"

// Builtin is the kind of functions that are a size and a duration.
const Builtin = "builtin"

// What a program gets as its argument.
const (
	ArgumentSynthetic = "synthetic"
	ArgumentPayload   = "payload"
	ArgumentPrevious  = "previous"
)

// Defaults of a program.
const (
	functionTimeout   = 30 * time.Second
	functionProcesses = 256
)

// Function says what a function is.
type Function struct {
	Name string `yaml:",key"`
	// What the testbed brings with it: builtin, a size and a duration, which the workload says. It is the default.
	Kind string `yaml:"kind,short" enum:"builtin" one:"program of the function"`
	// A program and its arguments, which listens for HTTP at $PORT: [python3, detect.py]. It runs as a process in the
	// node, in the directory dir; without a slash it is looked for in PATH, where its user may execute it, else relative
	// to dir. It needs the runtime process.
	Command []string `yaml:"command" one:"program of the function" min:"1" max:"1000"`
	// A container image whose own command listens for HTTP at $PORT. It runs in a container of its own in the node's
	// network. It needs the runtime docker.
	Image string `yaml:"image" one:"program of the function" pattern:"image"`
	// Environment variables, by name: {LEVEL: debug}. The program has none of the testbed's own environment but PATH, and
	// those of the contract: PORT, DAPR_HTTP_PORT, DAPR_HTTP_ENDPOINT, DAPR_API_TOKEN, FUNCTION_NAME, K_SERVICE; and,
	// unless given here, LISTEN_ADDRESS and FUNC_PORT, by which functions of Knative's func listen at that port as well.
	Env []EnvVar `yaml:"env,keyed" pattern:"^[A-Za-z_][A-Za-z0-9_]*$" max:"1000"`
	// The directory in which the command runs, relative to this file. Default: that of this file.
	Dir string `yaml:"dir" with:"command"`
	// Files of which an invocation's argument is one, as a pattern relative to this file: frames/*.jpg.
	Payload string `yaml:"payload"`
	// What an invocation gets as its argument. synthetic: as many bytes as the workload says, without a meaning; payload:
	// one of the files of payload, in an order that the scenario's seed shuffles, again and again; previous: what the
	// function before has answered, of several one after the other, their lengths in the header ce-testbedlengths; what a
	// job begins with gets the first of the other two that there is. Default: payload where it is given, else synthetic.
	Argument string `yaml:"argument" enum:"synthetic|payload|previous"`
	// How long a start, and an invocation, may take before it has failed. Default: 30s.
	Timeout time.Duration `yaml:"timeout" min:"10ms" max:"1h"`
	// Memory that an instance may use, within its node's: 64MiB. An instance that uses more is killed. Absent: as much as
	// its node has.
	Memory units.ByteSize `yaml:"memory" min:"1MiB"`
	// Processes and threads that an instance may have. Default: 256.
	Processes int `yaml:"processes" min:"1" max:"100000"`
	// How the function's instances start and end on each node: warm, or {max: 4, keep-alive: 30s, start: 300ms}. Default:
	// warm, there is always one.
	Instances *Instances `yaml:"instances"`
}

// EnvVar is an environment variable of a program.
type EnvVar struct {
	Name string `yaml:",key"`
	// Its value, a text.
	Value string `yaml:"value,short,required,names"`
}

// Program says whether the function is a program of the user's.
func (f *Function) Program() bool { return len(f.Command) > 0 || f.Image != "" }

// Function is what the scenario says of a function: under its name, or of all others; nil: nothing, it is builtin.
func (f *File) Function(name string) *Function {
	for _, key := range []string{name, AnyFunction} {
		if i := slices.IndexFunc(f.Functions, func(one Function) bool { return one.Name == key }); i >= 0 {
			return &f.Functions[i]
		}
	}
	return nil
}

// Programs says whether any function is a program.
func (f *File) Programs() bool {
	return slices.ContainsFunc(f.Functions, func(one Function) bool { return one.Program() })
}

// resolve fills in a program's defaults.
func (f *Function) resolve() {
	f.Instances.resolve()
	if !f.Program() {
		return
	}
	if f.Argument == "" {
		f.Argument = ArgumentSynthetic
		if f.Payload != "" {
			f.Argument = ArgumentPayload
		}
	}
	if f.Timeout == 0 {
		f.Timeout = functionTimeout
	}
	if f.Processes == 0 {
		f.Processes = functionProcesses
	}
}

// FunctionDir is the directory in which a function's command runs.
func (s *Scenario) FunctionDir(f *Function) string { return s.resolvePath(f.Dir) }

// absoluteFunctions are the functions with paths that do not depend on where the scenario's file is: programs are
// executed where they are, for they need what lies beside them.
func (s *Scenario) absoluteFunctions() []Function {
	all := slices.Clone(s.Functions)
	for i := range all {
		if f := &all[i]; len(f.Command) > 0 {
			f.Dir = Absolute(s.FunctionDir(f))
		}
		if f := &all[i]; f.Payload != "" {
			f.Payload = Absolute(s.resolvePath(f.Payload))
		}
	}
	return all
}

// Absolute is the path from the root on; where nobody knows the working directory, the path as it is.
func Absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// RunsImages says whether nodes of a runtime can run container images.
func (s *Scenario) RunsImages(runtime string) bool {
	return s.catalogue.Describe(catalogue.Runtimes, runtime).Images
}
