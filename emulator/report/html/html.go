// Package html makes one self-contained page of a report: text, tables, drawn figures and, where scripts
// run, the same figures to hover, zoom and filter. The page fetches nothing, and its content security
// policy forbids that it could.
package html

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"testbed/emulator/internal/lazy"
	"testbed/emulator/internal/printable"
)

// MaxSize is what a page must stay below: 3 MB.
const MaxSize = 3_000_000

//go:embed assets/echarts.min.js.zst
var packed []byte

// library is the script that draws; it makes up a fiftieth of the program where it is not compressed.
var library = sync.OnceValues(func() (string, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return "", err
	}
	defer decoder.Close()
	text, err := decoder.DecodeAll(packed, nil)
	return string(text), err
})

//go:embed assets/page.js
var script string

//go:embed assets/page.css
var style string

//go:embed assets/page.html
var layout string

// Page is a report's content. All texts are plain; Drawing is the only type that holds markup.
type Page struct {
	Title    string
	Lede     string // what the title stands for
	Run      string // its name
	Good     bool   // the run came to its end without a loss
	Headline string
	Validity Validity
	Verdict  []string // sentences
	Counts   []Count
	Facts    []Fact
	Missing  []string
	Models   []Model
	Engines  []Engine
	Sections []Section
	Data     any // for the script: charts by the figures' names
	Made     string
}

// Validity is a run's verdict on itself; the zero value: it has none.
type Validity struct {
	Colour string // green, amber or red
	Text   string // why
	Host   string // what is known of the host; empty: nothing
}

// Count is a number with what it counts.
type Count struct {
	Value, Label string
	Bad          bool
}

// Fact is a name with a value.
type Fact struct{ Name, Value string }

// Model is an execution model's name and look.
type Model struct {
	Name   string `json:"name"`
	Colour string `json:"colour"`
	Symbol string `json:"symbol"` // a form that the script knows
	Dash   string `json:"dash"`   // lengths, separated by commas; empty: solid
}

// Engine is a predictor.
type Engine struct{ Name, About string }

// Section is a part of the page with a heading. Only what is not empty is shown.
type Section struct {
	ID, Title string
	Intro     []string
	Filtered  bool // its charts obey the choice of models and engine
	Figures   []Figure
	Tables    []Table
	Facts     []Fact
	Words     []Words
	Texts     []Text
}

// Figure is a drawing, and the chart that takes its place where scripts run.
type Figure struct {
	ID      string
	Title   string
	Caption string
	Static  Drawing
	Chart   bool   // Page.Data has a chart of this name
	Plain   bool   // the drawing is not replaced, and adapts to dark pages
	Shape   string // wide, square or empty
}

// Drawing is an SVG element that is put into the page as it is. Make it with SVG.
type Drawing struct{ markup template.HTML }

// Empty says whether there is no drawing.
func (d Drawing) Empty() bool { return d.markup == "" }

// Markup is the element.
func (d Drawing) Markup() template.HTML { return d.markup }

var prolog = lazy.Regexp(`(?s)^.*?<svg`)

// SVG takes an SVG document that this program has drawn.
func SVG(document string) Drawing {
	if !strings.Contains(document, "<svg") {
		return Drawing{}
	}
	return Drawing{template.HTML(prolog().ReplaceAllString(document, "<svg"))}
}

// Table is rows of texts.
type Table struct {
	ID, Caption string
	Columns     []Column
	Rows        [][]string
	Filter      string // the label of a field that filters the rows; empty: none
	Note        string
	Links       []string // by row, a path relative to the page that its first cell leads to; empty: nowhere
}

// Column is a table's column; numbers are aligned at the right.
type Column struct {
	Name   string
	Number bool
}

// Long says whether print leaves rows out.
func (t Table) Long() bool { return len(t.Rows) > 60 }

// Link is where a row's first cell leads; empty: nowhere.
func (t Table) Link(row, cell int) string {
	if cell > 0 || row >= len(t.Links) {
		return ""
	}
	return t.Links[row]
}

// Cells pairs a row's texts with their columns, for the template.
func (t Table) Cells(row []string) []Cell {
	cells := make([]Cell, min(len(row), len(t.Columns)))
	for i := range cells {
		cells[i] = Cell{row[i], t.Columns[i].Number}
	}
	return cells
}

// Cell is one of a row.
type Cell struct {
	Text   string
	Number bool
}

// Words are sentences under a heading, as a list.
type Words struct {
	Title string
	Items []string
}

// Text is something to be copied, folded away where it is long.
type Text struct {
	Title, Body string
	Folded      bool
}

// content is what the template gets.
type content struct {
	*Page
	Policy  string
	Style   template.CSS
	Library template.JS
	Script  template.JS
}

// Write writes the page. It fails where the page would be larger than MaxSize.
func Write(w io.Writer, p *Page) error {
	t, err := template.New("page").Parse(layout)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	drawing, err := library()
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var text bytes.Buffer
	policy := fmt.Sprintf("default-src 'none'; script-src '%s' '%s'; style-src 'unsafe-inline'; "+
		"base-uri 'none'; form-action 'none'", digest(drawing), digest(script))
	err = t.Execute(&text, content{p, policy, template.CSS(style), template.JS(drawing), template.JS(script)})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	// A name may reorder what is read: its characters are shown as their numbers. The scripts have none such.
	page := printable.Text(text.String())
	if len(page) > MaxSize {
		return fmt.Errorf("report: the page would have %d bytes, more than %d", len(page), MaxSize)
	}
	if _, err := io.WriteString(w, page); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// digest allows a script by its content.
func digest(source string) string {
	sum := sha256.Sum256([]byte(source))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
