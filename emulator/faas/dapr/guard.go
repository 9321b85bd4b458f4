package dapr

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// What tells a function's requests from others', as with Dapr itself, whose SDKs send it by themselves: the header has
// what the environment variable of the function's instance has.
const (
	TokenEnv    = "DAPR_API_TOKEN"
	TokenHeader = "Dapr-Api-Token"
)

// Guard answers 401 to whoever does not know the token, for others listen and connect in the instance's network as
// well. Whether anybody is there (healthz) it tells everybody, as Dapr does.
func Guard(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known := subtle.ConstantTimeCompare([]byte(r.Header.Get(TokenHeader)), []byte(token)) == 1
		if !known && !isHealth(r) {
			w.Header()["Connection"] = []string{"close"} // the body is not read
			(&failure{http.StatusUnauthorized, codeToken,
				"the header dapr-api-token is not what this instance has as " + TokenEnv}).respond(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isHealth(r *http.Request) bool {
	path := strings.TrimPrefix(r.URL.Path, "/v1.0/")
	return r.Method == http.MethodGet && (path == "healthz" || path == "healthz/outbound")
}
