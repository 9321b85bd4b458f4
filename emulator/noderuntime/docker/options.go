package docker

// WithHost makes the runtime use the engine at host, such as unix:///run/docker.sock, whatever Docker's own
// client would use. An empty host changes nothing.
func WithHost(host string) Option { return func(r *Runtime) { r.host = host } }

// WithNames sets the directory where each node's network namespace gets the name tb-TESTBED.NODE, for `ip netns
// exec` (/run/netns); empty: no names.
func WithNames(dir string) Option { return func(r *Runtime) { r.names = dir } }
