//go:build !amd64

package extract

var findPlacesFast = findPlacesGeneric
