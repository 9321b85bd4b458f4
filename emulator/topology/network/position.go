package network

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	// earth is the mean radius of the earth, in km (IUGG).
	earth = 6371.0088
	// lightInFibre is two thirds of the speed of light, in km/s: glass has an index of refraction of about 1.5.
	lightInFibre = 299792.458 * 2 / 3
)

// NewPosition reads a latitude and a longitude, in degrees.
func NewPosition(latitude, longitude string) (*Position, error) {
	lat, err1 := strconv.ParseFloat(strings.TrimSpace(latitude), 64)
	long, err2 := strconv.ParseFloat(strings.TrimSpace(longitude), 64)
	if err1 != nil || err2 != nil || !(math.Abs(lat) <= 90 && math.Abs(long) <= 180) {
		return nil, fmt.Errorf("latitude %s and longitude %s are no place on the earth", Shown(latitude), Shown(longitude))
	}
	return &Position{lat, long}, nil
}

// Distance is the length of the great circle between two places, in km, on a sphere of the earth's mean radius, by the
// haversine formula.
func (p *Position) Distance(q *Position) float64 {
	radians := func(degrees float64) float64 { return degrees * math.Pi / 180 }
	sinLat := math.Sin(radians(q.Latitude-p.Latitude) / 2)
	sinLong := math.Sin(radians(q.Longitude-p.Longitude) / 2)
	h := sinLat*sinLat + math.Cos(radians(p.Latitude))*math.Cos(radians(q.Latitude))*sinLong*sinLong
	return 2 * earth * math.Asin(math.Sqrt(min(1, h)))
}

// Propagation is how long light takes in a fibre of a length in km.
func Propagation(km float64) time.Duration {
	return time.Duration(math.Round(km / lightInFibre * 1e9))
}
