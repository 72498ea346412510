INSERT [dbo].[Staff] ([Id], [Passport]) VALUES (1, N'542700999')
GO
INSERT [dbo].[Staff] ([Id], [Passport]) VALUES (2, N'509480652')
GO
