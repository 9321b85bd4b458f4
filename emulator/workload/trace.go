package workload

import (
	"io"
	"iter"

	"testbed/emulator/catalogue"
)

// Trace is what jobs are made of: it was read from a file, or synthesized.
type Trace interface {
	// Each makes the trace's jobs, in its order, one after the other, so that nobody has to have room for all. The same
	// options give the same jobs each time.
	Each(Options) iter.Seq[Job]
	// Notes say what a user should know of what was left out: because it is not in the format, or because it cannot be
	// made a job by these options.
	Notes(Options) []string
	// Errors are about the same, each with file and line: the first most, and one that counts the rest.
	Errors(most int) []error
	// Stateless says why there are none.
	Stateless(Options) error
	// Row names, for messages, the row of a job's task, by file and line where there is a file; an empty task is the one
	// that makes the job's largest argument or state. It is the job's name where the trace has no such row.
	Row(job, task string, f Factors) string
}

// Clauses are notes as the end of a sentence.
func Clauses(notes []string) string {
	text := ""
	for _, note := range notes {
		text += "; " + note
	}
	return text
}

// Formats is the kind of the catalogue's trace formats. The first is that of a trace of which a scenario does not say
// the format.
var Formats = catalogue.NewKind[Format](catalogue.Traces)

// Format reads traces from files.
type Format struct {
	// Load reads the file at a path. What is malformed in it is left out, and told by the trace; the error is about a
	// file that cannot be read, or that is not in the format at all.
	Load func(path string, options catalogue.Values) (Trace, error)
	// Detect says whether a file that begins so, unpacked, seems to be in the format; nil: one has to name it.
	Detect func(head []byte) bool
	// Write writes a synthesized trace; nil: the format is read only.
	Write func(w io.Writer, t Trace) error
}

// Shipped is the kind of the catalogue's traces that the program has with it. A scenario names one in place of a file.
var Shipped = catalogue.NewKind[Source](catalogue.Shipped)

// Source gives a trace.
type Source struct {
	Load func() (Trace, error)
}

// Synthesizers is the kind of the catalogue's workload synthesizers. The first is that of a scenario without a
// workload.
var Synthesizers = catalogue.NewKind[Synthesizer](catalogue.Workloads)

// Synthesizer draws traces.
type Synthesizer struct {
	// New draws a trace of so many jobs, from 1. The same arguments give the same trace.
	New func(jobs int, seed uint64, options catalogue.Values) (Trace, error)
}
