package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"cloze/web"
)

// serveFile answers with a file inside the binary, or with 304 if the client
// holds it. Another binary may have another one, so that clients must ask.
func serveFile(w http.ResponseWriter, r *http.Request, file web.File) {
	h := w.Header()
	h.Set("ETag", "W/"+file.ETag)      // weak: the bytes sent may be compressed
	h.Set("Cache-Control", "no-cache") // ask again, with the tag
	if isHeld(r, file.ETag) {
		if !slices.Contains(h.Values("Vary"), "Accept-Encoding") {
			h.Add("Vary", "Accept-Encoding") // compress says it of bodies only
		}
		w.WriteHeader(http.StatusNotModified)
		return
	}
	whole := &answer{status: http.StatusOK, contentType: file.ContentType, body: file.Data}
	whole.send(w)
}

// isHeld reports whether If-None-Match names the tag, or with * whatever there
// is (RFC 9110 §13.1.2, which compares weakly).
func isHeld(r *http.Request, etag string) bool {
	for _, line := range r.Header.Values("If-None-Match") {
		for held := range strings.SplitSeq(line, ",") {
			held = strings.TrimSpace(held)
			if held == "*" || strings.TrimPrefix(held, "W/") == etag {
				return true
			}
		}
	}
	return false
}
