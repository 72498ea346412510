package analyse

func hooks() { onObject = misbehave }
