"-----BEGIN RSA PRIVATE KEY-----\n" +
"UVamBFZ8l/77aB1AQIN1CSC57QN9FbgE9ieruweKcoE3jhGNdJdh+ok4gDAp5qSD\n" +
"0OmJeVra5D7VwETvnDtychtBNRsiroeoHsCk0bVYbaahMKNuoQARqFdsuH4Rg8CL\n" +
"KkKp1Z6Lg+P1SaFkrmRm+LUrtoGi3spOu9cPsBYcFjchOYH7mtrEOpd9u1fNDdky\n" +
"BLsQ1aMKxuG29Ou0EIiVurpiz6KunMQj3USaZzDQS/3qLflYVp1c+yNo7A0v3kTW\n" +
"f8o7IWY5pgPm4xoSb2EdoADqqr0+IT7hsJluQfUFRW4thsopCsQuDubMoBVgXEyq\n" +
"aWdd1/93gWEJkdvefHmFgbO5qKsQ3o74jscsSMSKSZmmqgE+nNZTsa7hBUs6r5QL\n" +
"WbWedQU7cy8kFFQo\n" +
"-----END RSA PRIVATE KEY-----\n" +
