package faas

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client is the controller's side of one agent: it talks to it over the agent's control socket. It may be
// used by several goroutines.
type Client struct {
	socket string
	http   *http.Client
}

// NewClient makes a client of the agent that listens at a control socket. It does not connect yet.
func NewClient(socket string) *Client {
	var dialer net.Dialer
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		},
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	}
	return &Client{socket: socket, http: &http.Client{Transport: transport}}
}

// Close closes the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Health asks whether the agent serves.
func (c *Client) Health(ctx context.Context) error {
	return c.do(ctx, http.MethodGet, "/healthz", nil, nil)
}

// Stats reads the agent's counters.
func (c *Client) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	err := c.do(ctx, http.MethodGet, "/stats", nil, &s)
	return s, err
}

// Warm makes the agent open connections to others, and returns when all are usable.
func (c *Client) Warm(ctx context.Context, peers []WarmSpec) error {
	return c.do(ctx, http.MethodPost, "/warm", peers, nil)
}

// Seed makes a state of version 0 with the given size at the agent.
func (c *Client) Seed(ctx context.Context, key string, size int64) error {
	return c.do(ctx, http.MethodPut, "/state/"+key+"?bytes="+strconv.FormatInt(size, 10), nil, nil)
}

// Check reads a state's version and examines its content. The error wraps ErrNoState where there is none.
func (c *Client) Check(ctx context.Context, key string) (StateVersion, error) {
	var v StateVersion
	err := c.do(ctx, http.MethodGet, "/state-version/"+key, nil, &v)
	return v, err
}

// Clean makes the agent forget all states whose keys begin with prefix.
func (c *Client) Clean(ctx context.Context, prefix string) error {
	return c.do(ctx, http.MethodDelete, "/state?prefix="+url.QueryEscape(prefix), nil, nil)
}

// Run makes the agent carry out a chain as its client. A chain that fails is no error of Run: the result
// says so. When ctx ends, the chain does.
func (c *Client) Run(ctx context.Context, spec *ChainSpec) (*ChainResult, error) {
	var r ChainResult
	if err := c.do(ctx, http.MethodPost, "/chain", spec, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("agent %s: %w", c.socket, err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, body)
	if err != nil {
		return fmt.Errorf("agent %s: %w", c.socket, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("agent %s: %w", c.socket, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = &statusError{resp.StatusCode, strings.TrimSpace(string(text))}
	}
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		return fmt.Errorf("agent %s: %s %s: %w", c.socket, method, path, err)
	}
	return nil
}
