package docker

import "time"

// WithPatience sets how long an engine may leave a ping unanswered before it counts as gone (10 s).
func WithPatience(d time.Duration) Option { return func(r *Runtime) { r.patience = d } }
