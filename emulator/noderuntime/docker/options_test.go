package docker

import "time"

// WithHost makes the runtime use the engine at host, such as unix:///run/docker.sock, whatever Docker's own
// client would use. An empty host changes nothing.
func WithHost(host string) Option { return func(r *Runtime) { r.host = host } }

// WithPatience sets how long an engine may leave a ping unanswered before it counts as gone (10 s).
func WithPatience(d time.Duration) Option { return func(r *Runtime) { r.patience = d } }

// WithNames sets the directory where each node's network namespace gets the name tb-TESTBED.NODE, for `ip netns
// exec` (/run/netns); empty: no names.
func WithNames(dir string) Option { return func(r *Runtime) { r.names = dir } }
