package faas

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"testbed/emulator/health"
	"testbed/emulator/internal/unixpeer"
)

// Client is the controller's side of one agent: it talks to it over the agent's control socket. It may be
// used by several goroutines. What it takes from the agent is bounded, for a program beside the agent may
// answer in its place: an answer by the size that it can have, the time by the caller's context, and by
// AnswerTime where that has no deadline.
type Client struct {
	socket string
	node   string
	check  func(net.Conn) error // nil: none
	http   *http.Client
	// connect is where connections come from.
	connect func(context.Context) (net.Conn, error)
}

// AnswerTime is how long a Client waits for an answer where its context has no deadline; for a chain's
// result it waits ChainTime.
const (
	AnswerTime = 2 * time.Minute
	ChainTime  = 2 * time.Hour
)

// Bounds of an answer, in bytes.
const (
	maxAnswer       = 64 << 10
	maxAnswerHeader = 64 << 10
	stepBytes       = 192 // of a step in a chain's result: four numbers of up to 20 digits, their names, and more
)

// Option changes a new Client.
type Option func(*Client)

// WithNode names the node in errors.
func WithNode(name string) Option { return func(c *Client) { c.node = name } }

// WithPeer makes the client call check for every connection, before anything is sent over it. Where check
// fails the connection is closed.
func WithPeer(check func(net.Conn) error) Option { return func(c *Client) { c.check = check } }

// WithPeerPID makes the client talk only to the process of a number: the one that listens at the socket must
// have it in this program's pid namespace. Errors wrap ErrPeer, as all do on other systems than Linux.
func WithPeerPID(pid int) Option {
	return WithPeer(func(conn net.Conn) error { return unixpeer.Check(conn, pid) })
}

// WithDialer makes the client get its connections from dial, whose errors the calls return: the control socket may be
// another machine's. Its path only names the agent then, and who listens there is for dial to find out.
func WithDialer(dial func(context.Context) (net.Conn, error)) Option {
	return func(c *Client) { c.connect = dial }
}

// ErrPeer is wrapped by errors about a socket at which another process listens than the one that is meant.
var ErrPeer = unixpeer.ErrOther

// NewClient makes a client of the agent that listens at a control socket. It does not connect yet.
func NewClient(socket string, options ...Option) *Client {
	c := &Client{socket: socket}
	c.connect = c.dialSocket
	for _, o := range options {
		o(c)
	}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
			MaxIdleConnsPerHost:    64,
			IdleConnTimeout:        time.Minute,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxAnswerHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

func (c *Client) dialSocket(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", c.socket)
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	conn, err := c.connect(ctx)
	if err != nil || c.check == nil {
		return conn, err
	}
	if err := c.check(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Close closes the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Health asks whether the agent serves.
func (c *Client) Health(ctx context.Context) error {
	return c.do(ctx, http.MethodGet, "/healthz", nil, nil, maxAnswer)
}

// Stats reads the agent's counters.
func (c *Client) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	err := c.do(ctx, http.MethodGet, "/stats", nil, &s, maxAnswer)
	return s, err
}

// Spells are the times from number since on in which the host kept the agent from running. watch is 1 where the caller
// begins to watch over it, -1 where he ends, 0 otherwise: it knows of all such times while somebody watches, for ten
// minutes at most, and of few otherwise.
func (c *Client) Spells(ctx context.Context, since uint64, watch int) (health.Report, error) {
	var r health.Report
	path := "/spells?since=" + strconv.FormatUint(since, 10) + "&watch=" + strconv.Itoa(watch)
	err := c.do(ctx, http.MethodGet, path, nil, &r, maxAnswer)
	if err == nil {
		err = r.Check(since)
	}
	if err != nil {
		return health.Report{}, c.named(err)
	}
	return r, nil
}

// Warm makes the agent open connections to others, and returns when all are usable.
func (c *Client) Warm(ctx context.Context, peers []WarmSpec) error {
	return c.do(ctx, http.MethodPost, "/warm", peers, nil, maxAnswer)
}

// Seed makes a state of version 0 with the given size at the agent.
func (c *Client) Seed(ctx context.Context, key string, size int64) error {
	return c.do(ctx, http.MethodPut, "/state/"+key+"?bytes="+strconv.FormatInt(size, 10), nil, nil, maxAnswer)
}

// Check reads a state's version and examines its content. The error wraps ErrNoState where there is none.
func (c *Client) Check(ctx context.Context, key string) (StateVersion, error) {
	var v StateVersion
	err := c.do(ctx, http.MethodGet, "/state-version/"+key, nil, &v, maxAnswer)
	if err == nil && (v.Version < 0 || v.Bytes < 0 || len(v.Digest) > 16) {
		err = c.named(fmt.Errorf("state %s: a version %d of %d bytes is impossible", key, v.Version, v.Bytes))
	}
	return v, err
}

// Clean makes the agent forget all states whose keys begin with prefix.
func (c *Client) Clean(ctx context.Context, prefix string) error {
	return c.do(ctx, http.MethodDelete, "/state?prefix="+url.QueryEscape(prefix), nil, nil, maxAnswer)
}

// Run makes the agent carry out a chain as its client. A chain that fails is no error of Run: the result
// says so. A result that cannot be the chain's is an error. When ctx ends, the chain does.
func (c *Client) Run(ctx context.Context, spec *ChainSpec) (*ChainResult, error) {
	var r ChainResult
	began := time.Now()
	limit := maxAnswer + stepBytes*int64(spec.Steps) + spec.programAnswer()
	if err := c.do(ctx, http.MethodPost, "/chain", spec, &r, limit); err != nil {
		return nil, err
	}
	if err := r.validate(spec, time.Since(began)); err != nil {
		return nil, c.named(fmt.Errorf("its result of chain %s is impossible: %w", spec.Key, err))
	}
	return &r, nil
}

// Install tells the agent its part in a chain in which workers call each other, until Clean.
func (c *Client) Install(ctx context.Context, part *Part) error {
	return c.do(ctx, http.MethodPut, "/part/"+part.Spec.Key, part, nil, maxAnswer)
}

// Progress asks how far the agent has got with its part in a chain; with wait, when nothing of it is at work any more.
func (c *Client) Progress(ctx context.Context, spec *ChainSpec, wait bool) (*Progress, error) {
	path := "/part/" + spec.Key
	if wait {
		path += "?wait=1"
	}
	var p Progress
	err := c.do(ctx, http.MethodGet, path, nil, &p, maxAnswer+stepBytes*int64(spec.Steps))
	if err == nil {
		if err = p.validate(spec); err != nil {
			err = c.named(fmt.Errorf("its part in chain %s is impossible: %w", spec.Key, err))
		}
	}
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// Abandon makes the agent's part in a chain fail for a reason; at the client's agent that ends the chain.
func (c *Client) Abandon(ctx context.Context, key, reason string) error {
	return c.do(ctx, http.MethodDelete, "/part/"+key+"?reason="+url.QueryEscape(reason), nil, nil, maxAnswer)
}

// content is a request's body as it is, in place of JSON.
type content []byte

// named says of an error whose it is.
func (c *Client) named(err error) error {
	if c.node != "" {
		return fmt.Errorf("node %s: agent %s: %w", c.node, c.socket, err)
	}
	return fmt.Errorf("agent %s: %w", c.socket, err)
}

// do sends a request with in as its JSON body, if not nil, and decodes the answer, of at most limit bytes, into
// out, if not nil.
func (c *Client) do(ctx context.Context, method, path string, in, out any, limit int64) error {
	if _, set := ctx.Deadline(); !set {
		allowed := AnswerTime
		if path == "/chain" || path == pathMove {
			allowed = ChainTime
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, allowed, fmt.Errorf("no answer after %v", allowed))
		defer cancel()
	}
	text, err := c.ask(ctx, method, path, in, limit)
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		return c.named(fmt.Errorf("%s %.200s: %w", method, path, err))
	}
	return nil
}

func (c *Client) ask(ctx context.Context, method, path string, in any, limit int64) ([]byte, error) {
	var body io.Reader
	if raw, is := in.(content); is {
		body = bytes.NewReader(raw)
	} else if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		if len(text) > maxSpec {
			return nil, fmt.Errorf("the request has %d bytes; an agent takes %d at most", len(text), maxSpec)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, body)
	if err != nil {
		return nil, err
	}
	req.Header[headerProtocol] = protocolHeader
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if err := checkAgentProtocol(resp.Header); err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, failure(resp)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%w: more than %d bytes", errLong, limit)
	}
	return text, err
}
