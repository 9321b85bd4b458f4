package quantile

// Ranks are the shares, from 0 to 1, at which the values of an ascending list stand that stand for as many as their
// weights say, above 0: Weighted gives the value there. With equal weights they are those of Linear: i/(n-1).
func Ranks(weights []float64) []float64 {
	ranks := make([]float64, len(weights))
	for i := 1; i < len(weights); i++ {
		ranks[i] = ranks[i-1] + (weights[i-1]+weights[i])/2
	}
	if len(ranks) > 1 {
		last := ranks[len(ranks)-1]
		for i := range ranks {
			ranks[i] /= last
		}
	}
	return ranks
}
