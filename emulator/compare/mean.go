package compare

// MeanInterval is the mean of independent observations with its confidence interval (IntervalMethod), as everywhere in
// comparisons. Of fewer than two observations low and high are the mean.
func MeanInterval(values []float64, o Options) Interval { return intervals(o.filled(), values)[0] }
