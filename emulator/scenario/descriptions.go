package scenario

import (
	_ "embed" // of descriptions.txt
	"reflect"
	"strings"
	"sync"
)

// descriptionsFile has a line TYPE.FIELD, tab, description for each key, copied from the comments above the fields.
//
//go:generate go test -run TestDescriptionsAreTheComments . -update
//go:embed descriptions.txt
var descriptionsFile string

var descriptions = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(descriptionsFile) {
		name, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		all[name] = text
	}
	return all
})

// description is what the comment above a field of the struct t says, on one line; empty where there is none.
func description(t reflect.Type, field string) string {
	name, _, _ := strings.Cut(t.Name(), "[") // without the types that a generic one is for
	return descriptions()[name+"."+field]
}

// brief is the first sentence of what a key is, without its full stop, as the remedy of an error: the whole of it is
// for the schema.
func (f *field) brief() string { return firstSentence(f.doc) }

// firstSentence ends at a full stop that a blank follows, but for those of abbreviations. Sentences may begin with a
// key, in lower case.
func firstSentence(text string) string {
	for at := 0; ; {
		stop := strings.Index(text[at:], ". ")
		if stop < 0 {
			return strings.TrimSuffix(text, ".")
		}
		at += stop
		if !strings.HasSuffix(text[:at], "e.g") && !strings.HasSuffix(text[:at], "i.e") {
			return text[:at]
		}
		at++
	}
}
