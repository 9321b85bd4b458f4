package report

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"text/template"

	"testbed/emulator/internal/lazy"
)

// sentences are what the page says, as templates that values are put into. They make plain text: the page's own
// template escapes it.
//
//go:embed sentences/*.tmpl
var sentences embed.FS

// templates parses the sentences. A line break in a file is a space in a sentence.
var templates = sync.OnceValue(func() *template.Template {
	all := template.New("sentences").Option("missingkey=error").Funcs(template.FuncMap{
		"join":      strings.Join,
		"percent":   func(format string, share float64) string { return fmt.Sprintf(format, 100*share) },
		"thousands": func(n int) string { return thousands(int64(n)) },
	})
	files, err := fs.Glob(sentences, "sentences/*.tmpl")
	if err != nil {
		panic(err)
	}
	for _, name := range files {
		text, err := sentences.ReadFile(name)
		if err != nil {
			panic(err)
		}
		template.Must(all.Parse(lineBreak().ReplaceAllString(string(text), " ")))
	}
	return all
})

var lineBreak = lazy.Regexp(`\s*\n\s*`)

// say is the sentence of that name, with its values. It panics where there is none, or the values do not fit, which no
// run's data can bring about.
func say(name string, values any) string {
	var text strings.Builder
	if err := templates().ExecuteTemplate(&text, name, values); err != nil {
		panic(err)
	}
	return text.String()
}
