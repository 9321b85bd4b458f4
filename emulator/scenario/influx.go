package scenario

import "net/url"

// Influx is an InfluxDB that is to receive what is measured, besides the run's own files. A scenario may come
// from anybody: it says where its samples belong, and nothing is contacted, and no token sent, before a flag
// or the environment names the same place. The token is never part of a scenario.
type Influx struct {
	// Address of the server, such as http://localhost:8086, without a user or a token. It is contacted where the variable
	// INFLUX_URL or the flag --influx-url names it too. Default: what these name.
	URL string `yaml:"url,quiet"`
	// Organisation. The variable INFLUX_ORG and the flag --influx-org come before it.
	Org string `yaml:"org"`
	// Bucket, or with InfluxDB 1.8 database/policy. The variable INFLUX_BUCKET and the flag --influx-bucket come before
	// it.
	Bucket string `yaml:"bucket"`
	// remove it: tokens do not belong in files; set the variable INFLUX_TOKEN
	Token struct{} `yaml:"token,never"`
	// remove it: secrets do not belong in files; set the variable INFLUX_TOKEN (with InfluxDB 1.8 to user:password)
	Password struct{} `yaml:"password,never"`
	// Name of the environment variable that holds the token: INFLUX_TOKEN and no other, for a file does not choose which
	// variable is sent; the flag --influx-token-env does.
	TokenEnv string `yaml:"token-env,quiet" default:"INFLUX_TOKEN" pattern:"^INFLUX_TOKEN$"`
	// Whether a server that does not answer at the start is an error.
	Required bool `yaml:"required" default:"false"`
}

// checkInflux refuses secrets in the address. What is wrong is said without repeating it.
func (d *decoder) checkInflux(x *Influx) {
	const path = "influx.url"
	if x == nil || x.URL == "" || d.failed(path) {
		return
	}
	u, err := url.Parse(x.URL)
	switch {
	case err == nil && u.User != nil:
		d.failAt(path, "remove it: secrets do not belong in files; set the variable INFLUX_TOKEN",
			"the address holds a user or a password")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Opaque != "":
		d.failAt(path, "write an address such as http://localhost:8086", "this is not the address of a server")
	case u.RawQuery != "" || u.Fragment != "":
		d.failAt(path, "remove what follows the path; a token comes from the variable INFLUX_TOKEN",
			"the address holds a query")
	}
}
