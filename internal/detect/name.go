package detect

const maxName = 64

func fullName(text []byte, start int) int { return -1 }
