INSERT [dbo].[p] ([name], [ssn], [card_number]) VALUES (N'Ann', N'527228008', N'4716383500696478')
GO
