package docker

// WithHost makes the runtime use the engine at host, such as unix:///run/docker.sock, whatever Docker's own
// client would use. An empty host changes nothing.
func WithHost(host string) Option { return func(r *Runtime) { r.host = host } }

// WithMachine makes programs of the host those of the machine that the engine is on, where this process is in a
// container that has its own: they run with this process's privileges.
func WithMachine() Option { return func(r *Runtime) { r.machine = true } }

// WithNames sets the directory where each node's network namespace gets the name tb-TESTBED.NODE, for `ip netns
// exec` (/run/netns); empty: no names.
func WithNames(dir string) Option { return func(r *Runtime) { r.names = dir } }
