package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// ProblemType is the answer of GET /problems/{type}.
type ProblemType struct {
	Type   string `json:"type" example:"/problems/no-mask"`
	Title  string `json:"title" example:"The text has no mask"`
	Status int32  `json:"status" example:"422"`
	// Explanation is why and what to do about it, in Markdown.
	Explanation string `json:"explanation"`
	// Example is a curl command that works.
	Example string `json:"example"`
} //	@name	ProblemType

// getProblem answers GET /problems/{type}, which the type member of an error
// answer points to.
//
//	@ID			getProblemType
//	@Summary	What a kind of error means
//	@Description	Why it comes about, what to do about it, and a command that works. The type of an error answer is the path of this page.
//	@Tags		service
//	@Produce	json
//	@Param		type	path		string	true	"The last part of a problem's type"
//	@Success	200		{object}	ProblemType
//	@Failure	404		{object}	Problem
//	@Router		/problems/{type} [get]
func (a *API) getProblem(w http.ResponseWriter, r *http.Request) {
	slug := chi.URLParam(r, "type")
	kind, ok := problemTypeOf(slug)
	if !ok {
		p := newProblem(notFound, "there is no such problem type")
		for _, t := range problemTypes {
			p.Available = append(p.Available, t.slug)
		}
		a.writeError(w, r, p)
		return
	}
	a.writeJSON(w, r, ProblemType{
		Type: "/problems/" + kind.slug, Title: kind.title, Status: int32(kind.status),
		Explanation: kind.explanation, Example: atBase(kind.example, baseURL(r)),
	})
}
