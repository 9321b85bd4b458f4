package function

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/internal/printable"
)

// Invocation is one request to a function.
type Invocation struct {
	ID       string // names this invocation and no other: ce-id
	Source   string // who invokes: ce-source, a URI reference
	Argument []byte
	Type     string  // the argument's media type; empty: application/octet-stream
	Lengths  []int64 // where the argument is several results one after the other, the bytes of each; nil: it is not
	// State is what the function may read and write while the invocation lasts. The caller closes it.
	State *dapr.Session
	// Room is asked before so many bytes more of the result are kept, and may refuse; nil: there is room.
	Room func(bytes int64) error
	Most int64 // bytes that the result may have
}

// Names of what is not the argument itself.
const (
	eventType     = "testbed.invocation"
	headerLengths = "ce-testbedlengths" // bytes of each result in the argument, with commas between
	maxReason     = 300                 // bytes of an answer that errors repeat
)

// header is the CloudEvents 1.0 envelope in binary mode, with W3C's trace context.
func (i *Invocation) header() http.Header {
	h := http.Header{
		"Ce-Id": {i.ID}, "Ce-Source": {i.Source}, "Ce-Specversion": {"1.0"}, "Ce-Type": {eventType},
		"Content-Type": {"application/octet-stream"}, "Traceparent": {traceparent(i.ID)},
	}
	if i.Type != "" {
		h["Content-Type"] = []string{i.Type}
	}
	if i.Lengths != nil {
		words := make([]string, len(i.Lengths))
		for k, n := range i.Lengths {
			words[k] = strconv.FormatInt(n, 10)
		}
		h.Set(headerLengths, strings.Join(words, ","))
	}
	return h
}

// post sends the invocation to an address and returns what the function answers.
func (i *Invocation) post(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/", bytes.NewReader(i.Argument))
	if err != nil {
		return nil, err
	}
	req.Header = i.header()
	resp, err := exchange(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxReason)) // what has come of it says as much
		return nil, fmt.Errorf("it answered %s: %q", resp.Status, printable.Text(string(text)))
	}
	result, err := i.result(resp)
	if err == nil && structured(resp.Header.Get("Content-Type")) {
		return i.data(result)
	}
	return result, err
}

// data is the result in an answer that is a CloudEvent.
func (i *Invocation) data(event []byte) ([]byte, error) {
	if i.Room != nil {
		if err := i.Room(3 * int64(len(event))); err != nil { // copies of its data as they are, and twice decoded
			return nil, fmt.Errorf("its result, an event of %d bytes: %w", len(event), err)
		}
	}
	if !utf8.Valid(event) { // of each byte that is no text, decoding would make three
		return nil, errors.New("it answered with a CloudEvent that is not UTF-8")
	}
	return dataOf(event)
}

// result reads an answer of any length, as far as there is room for it.
func (i *Invocation) result(resp *http.Response) ([]byte, error) {
	if resp.ContentLength > i.Most {
		return nil, fmt.Errorf("%w: it answered with %d bytes, and a result has %d at most", ErrTooLarge,
			resp.ContentLength, i.Most)
	}
	size := int64(512)
	if resp.ContentLength >= 0 {
		size = resp.ContentLength + 1 // to see its end
	}
	const step = 1 << 20 // that is taken on trust
	buffer, have := []byte(nil), int64(0)
	for {
		grown := min(max(size, 2*have), have+max(step, have), i.Most+1)
		if i.Room != nil {
			if err := i.Room(grown - have); err != nil {
				return nil, fmt.Errorf("its result of more than %d bytes: %w", have, err)
			}
		}
		buffer = append(make([]byte, 0, grown), buffer...)
		var err error
		for have < grown && err == nil { // io.ReadFull has one error for the end and for chunks that broke off
			var n int
			n, err = resp.Body.Read(buffer[have:grown])
			have += int64(n)
		}
		buffer = buffer[:have]
		switch {
		case have > i.Most:
			return nil, fmt.Errorf("%w: it answers with more than the %d bytes that a result may have", ErrTooLarge, i.Most)
		case err == io.EOF:
			return buffer, nil
		case err != nil:
			return nil, fmt.Errorf("its answer broke off after %d bytes: %w", have, err)
		}
	}
}

// ErrTooLarge is wrapped by errors about a result that is larger than a message.
var ErrTooLarge = errors.New("too large")

// probe says whether an instance is ready: its health check answers, with anything but 503, or it has none and its
// port is open.
func probe(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/_/health", nil)
	if err != nil {
		return false
	}
	resp, err := exchange(req)
	if err == nil {
		_ = resp.Body.Close()
		return resp.StatusCode != http.StatusServiceUnavailable // of-watchdog's, before its process is ready
	}
	// A program that takes a connection and answers no health check is one without. Who takes none is not ready, even if
	// he would take one now: that he has a health check is not known yet.
	var refused *net.OpError
	return !errors.As(err, &refused) || refused.Op != "dial"
}

// probeTime is for one health check.
const probeTime = time.Second
