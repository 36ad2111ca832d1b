package httpapi

import "net/http"

// Build says what program this is.
type Build struct {
	Name     string `json:"name" example:"cloze"`
	Version  string `json:"version" example:"v0.1.0"`
	Revision string `json:"revision" example:"432934d"`
	// Go is the toolchain that built it.
	Go string `json:"go" example:"go1.26.0"`
	// Platform is operating system and architecture.
	Platform string `json:"platform" example:"linux/amd64"`
} //	@name	Build

// getVersion answers GET /version.
//
//	@ID			getVersion
//	@Summary	What program this is
//	@Description	Version, revision and toolchain of the binary.
//	@Tags		service
//	@Produce	json
//	@Success	200	{object}	Build
//	@Router		/version [get]
func (a *API) getVersion(w http.ResponseWriter, r *http.Request) {
	a.writeJSON(w, r, a.config.Build)
}
