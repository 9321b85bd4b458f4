package tree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// maxText is as much of an element's text as is kept, in bytes, but for its last piece.
const maxText = 64 << 10

// Element is one of an XML document, without its namespace.
type Element struct {
	Name     string
	Line     int
	Attrs    map[string]string
	Text     string // of the element itself, without that of its children
	Children []*Element
}

// All are the children of a name.
func (e *Element) All(name string) []*Element {
	var all []*Element
	for _, c := range e.Children {
		if c.Name == name {
			all = append(all, c)
		}
	}
	return all
}

// First is the first child of a name; nil: there is none.
func (e *Element) First(name string) *Element {
	for _, c := range e.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// XML reads a document and gives its root. Entities are those of XML itself: what a document declares is not
// followed, and its use is an error.
func XML(text []byte) (*Element, error) {
	// The library takes all of an element's attributes in before any of them can be counted.
	if n := bytes.Count(text, []byte("=")); n > MaxValues {
		return nil, &Error{1, fmt.Sprintf("there are some %d attributes, and %d values are read at most", n, MaxValues), true}
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = charset
	var open []*Element
	var root *Element
	var budget Budget
	for {
		line, _ := d.InputPos()
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, notXML(d, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := budget.Take(line, len(open)); err != nil {
				return nil, err
			}
			e := &Element{Name: t.Name.Local, Line: line, Attrs: make(map[string]string, len(t.Attr))}
			for _, a := range t.Attr {
				if err := budget.Take(line, len(open)); err != nil {
					return nil, err
				}
				e.Attrs[a.Name.Local] = a.Value
			}
			switch {
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.Children = append(parent.Children, e)
			case root != nil:
				return nil, Failf(line, "a second root begins here")
			default:
				root = e
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if err := budget.Take(line, len(open)); err != nil { // many pieces would be copied again and again
				return nil, err
			}
			if n := len(open); n > 0 && len(open[n-1].Text) < maxText {
				open[n-1].Text += string(t)
			}
		}
	}
	if root == nil {
		return nil, Failf(1, "this is not XML: there is no element")
	}
	return root, nil
}

func notXML(d *xml.Decoder, err error) error {
	line, _ := d.InputPos()
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return Failf(syntax.Line, "this is not XML: %s", syntax.Msg)
	}
	return Failf(line, "this is not XML: %v", err)
}

// charset reads the encodings besides UTF-8 that tools write.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "latin1":
		return charmap.ISO8859_1.NewDecoder().Reader(in), nil
	case "windows-1252":
		return charmap.Windows1252.NewDecoder().Reader(in), nil
	}
	return nil, fmt.Errorf("it is encoded as %.40q; save it as UTF-8", label)
}
