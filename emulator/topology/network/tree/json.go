package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// JSON reads one JSON value. A key that is given twice in one object is an error, for readers differ in which
// they take.
func JSON(text []byte) (*Value, error) {
	p := newJSON(text)
	v, err := p.next()
	if err != nil {
		return nil, err
	}
	if _, err := p.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, Failf(p.line(), "something follows the JSON value")
	}
	return v, nil
}

// JSONs reads one JSON value after the other, until the text ends: one a line, as many tools write results.
func JSONs(text []byte) ([]*Value, error) {
	p := newJSON(text)
	var all []*Value
	for {
		v, err := p.next()
		if errors.Is(err, io.EOF) && len(all) > 0 {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
}

type jsonParser struct {
	text    []byte
	decoder *json.Decoder
	budget  Budget
	seen    int64 // bytes of which the lines are counted
	lines   int
}

func newJSON(text []byte) *jsonParser {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	p := &jsonParser{text: text, decoder: json.NewDecoder(bytes.NewReader(text)), lines: 1}
	p.decoder.UseNumber()
	return p
}

// line is that of the token read last.
func (p *jsonParser) line() int { return p.lineAt(p.decoder.InputOffset()) }

func (p *jsonParser) lineAt(to int64) int {
	to = min(to, int64(len(p.text)))
	if to > p.seen {
		p.lines += bytes.Count(p.text[p.seen:to], []byte("\n"))
		p.seen = to
	}
	return p.lines
}

// next reads a value; io.EOF: there is none any more.
func (p *jsonParser) next() (*Value, error) {
	token, err := p.decoder.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	return p.value(token, err, 0)
}

func (p *jsonParser) fail(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return Failf(p.lineAt(syntax.Offset), "this is not JSON: %v", err)
	}
	return Failf(p.line(), "this is not JSON: %v", err)
}

// value is the one that begins with a token, or what it failed with.
func (p *jsonParser) value(token json.Token, err error, depth int) (*Value, error) {
	if err != nil {
		return nil, p.fail(err)
	}
	v := &Value{Kind: Scalar, Line: p.line()}
	if err := p.budget.Take(v.Line, depth); err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case nil:
		v.Kind = Null
	case string:
		v.Text, v.Quote = t, true
	case json.Number:
		v.Text = t.String()
	case bool:
		v.Text = map[bool]string{true: "true", false: "false"}[t]
	case json.Delim:
		return v, p.inner(v, t, depth)
	}
	return v, nil
}

// inner reads the elements of an array or object.
func (p *jsonParser) inner(v *Value, begin json.Delim, depth int) error {
	v.Kind = List
	names := map[string]bool{}
	if begin == '{' {
		v.Kind = Map
	}
	for p.decoder.More() {
		name := ""
		if v.Kind == Map {
			key, err := p.decoder.Token()
			if err != nil {
				return p.fail(err)
			}
			name, _ = key.(string)
			if names[name] {
				return Failf(p.line(), "the key %.40q is given twice", name)
			}
			names[name] = true
		}
		line := p.line()
		token, err := p.decoder.Token()
		one, err := p.value(token, err, depth+1)
		if err != nil {
			return err
		}
		if v.Kind == Map {
			v.Keys = append(v.Keys, Member{name, line, one})
		} else {
			v.Items = append(v.Items, one)
		}
	}
	if _, err := p.decoder.Token(); err != nil {
		return p.fail(err)
	}
	return nil
}
